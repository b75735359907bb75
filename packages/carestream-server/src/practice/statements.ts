import { quoteName as q, quoteText } from './identifiers.ts';
import type { ResolvedColumn, ResolvedEntity, ResolvedSchema } from './resolved-schema.ts';
import { medicalFlagNames } from './medical-flags.ts';
import { patientLinkOf } from './schema-links.ts';
import { addressLineFields, type EntityName } from './schema-map.ts';

/**
 * Every text that is ever sent to a practice's SQL Server is made here. All of them only read; a test holds each of them to
 * that. They are T-SQL of 2008, and each brings its own settings, because those of sp_executesql end with it.
 */

/** How a statement behaves towards R4's users. */
export type Isolation = 'read-uncommitted' | 'read-committed';

const lockTimeoutMs = 5_000;
const settings = (isolation: Isolation): string =>
  `SET NOCOUNT ON; SET LOCK_TIMEOUT ${lockTimeoutMs}; SET DEADLOCK_PRIORITY LOW; SET TRANSACTION ISOLATION LEVEL ${isolation === 'read-uncommitted' ? 'READ UNCOMMITTED' : 'READ COMMITTED'};\n`;
const oneCore = 'OPTION (MAXDOP 1)';

const withSettings = (text: string, isolation: Isolation = 'read-uncommitted'): string => settings(isolation) + text;

/** What the server is, which database this is and how it is set. */
export const serverStatement = withSettings(
  `SELECT CAST(SERVERPROPERTY('ProductVersion') AS nvarchar(128)), d.compatibility_level, d.is_read_committed_snapshot_on, CAST(SERVERPROPERTY('ServerName') AS nvarchar(128)), d.name, CONVERT(nvarchar(30), d.create_date, 126) FROM sys.databases AS d WHERE d.name = DB_NAME();`,
);

/** How this connection is made: needs no right, and is not there before SQL Server 2008. */
export const connectionStatement = withSettings(
  `SELECT CAST(CONNECTIONPROPERTY('net_transport') AS nvarchar(40)), CAST(CONNECTIONPROPERTY('local_net_address') AS nvarchar(48)), CAST(CONNECTIONPROPERTY('local_tcp_port') AS int);`,
);

/** Tables, views and their columns. */
export const columnsStatement = withSettings(
  `SELECT TABLE_SCHEMA, TABLE_NAME, COLUMN_NAME, DATA_TYPE, CHARACTER_MAXIMUM_LENGTH, NUMERIC_PRECISION FROM INFORMATION_SCHEMA.COLUMNS ORDER BY TABLE_SCHEMA, TABLE_NAME, ORDINAL_POSITION;
SELECT TABLE_SCHEMA, TABLE_NAME FROM INFORMATION_SCHEMA.TABLES WHERE TABLE_TYPE = 'VIEW';`,
);

/** Primary keys, in key order. */
export const keysStatement = withSettings(
  `SELECT k.TABLE_SCHEMA, k.TABLE_NAME, k.COLUMN_NAME FROM INFORMATION_SCHEMA.KEY_COLUMN_USAGE AS k INNER JOIN INFORMATION_SCHEMA.TABLE_CONSTRAINTS AS c ON c.CONSTRAINT_SCHEMA = k.CONSTRAINT_SCHEMA AND c.CONSTRAINT_NAME = k.CONSTRAINT_NAME AND c.TABLE_NAME = k.TABLE_NAME WHERE c.CONSTRAINT_TYPE = 'PRIMARY KEY' ORDER BY k.TABLE_SCHEMA, k.TABLE_NAME, k.ORDINAL_POSITION;`,
);

/** Columns with which an index begins. */
export const indexesStatement = withSettings(
  `SELECT s.name, o.name, c.name FROM sys.index_columns AS ic INNER JOIN sys.objects AS o ON o.object_id = ic.object_id INNER JOIN sys.schemas AS s ON s.schema_id = o.schema_id INNER JOIN sys.columns AS c ON c.object_id = ic.object_id AND c.column_id = ic.column_id WHERE ic.key_ordinal = 1;`,
);

const mayWrite = ['INSERT', 'UPDATE', 'DELETE']
  .map((right) => `HAS_PERMS_BY_NAME(QUOTENAME(s.name) + N'.' + QUOTENAME(o.name), 'OBJECT', '${right}') = 1`)
  .join(' OR ');

/** Whether the login rules the server, and whether it could write to any table of the database, read or not. */
export const permissionsStatement = withSettings(
  `SELECT IS_SRVROLEMEMBER('sysadmin'), CASE WHEN EXISTS (SELECT 1 FROM sys.objects AS o INNER JOIN sys.schemas AS s ON s.schema_id = o.schema_id WHERE o.type IN ('U', 'V') AND (${mayWrite})) THEN 1 ELSE 0 END;`,
);

/** Whether a table may be read that the catalogue does not show: it hides what a login has no right to. */
export const probeStatement = (table: string): string => withSettings(`SELECT TOP (1) 1 FROM ${q(table)} ${oneCore};`);

/** Why a database cannot be opened, asked in another one; no row where there is none, or none that the login may see. */
export const databaseStateStatement = (database: string): string =>
  withSettings(`SELECT d.state, d.user_access FROM sys.databases AS d WHERE d.name = ${quoteText(database)};`);

/** Which database a connection leads to: a data source of ODBC may name any. */
export const databaseStatement = withSettings('SELECT DB_NAME();');

/** The statement that costs least: is the connection alive? */
export const pingStatement = withSettings('SELECT 1;');

const tableOf = (entity: ResolvedEntity): string => `${q(entity.schema)}.${q(entity.table)}`;
const nameOf = (entity: ResolvedEntity, field: string): string | undefined => entity.columns[field]?.[0]?.name;

/** What JavaScript's numbers and dates would change travels as text, or without what would change it. */
function selected(alias: string, { name, type, precision }: ResolvedColumn): string {
  const sql = `${alias}.${q(name)}`;
  // Style 2 keeps all four decimals.
  if (type === 'money' || type === 'smallmoney') return `CONVERT(varchar(50), ${sql}, 2)`;
  const exact = type === 'decimal' || type === 'numeric';
  if (exact && (precision === undefined || precision > doublePrecision)) return `CONVERT(varchar(50), ${sql})`;
  // Drivers turn it into an instant; the wall time that was typed in is what counts.
  if (type === 'datetimeoffset') return `CAST(${sql} AS datetime2(3))`;
  return sql;
}

/** Decimal digits that a double always keeps. */
const doublePrecision = 15;

/** A column of a SELECT list, and which field it is. */
export interface Selected {
  readonly field: string;
  readonly sql: string;
  /** True where it stands in the separate table of addresses. */
  readonly ofAddress?: boolean;
}

const patientFields = [
  'title',
  'forename',
  'surname',
  'knownAs',
  'sex',
  'dateOfBirth',
  'nhsNumber',
  'email',
  'mobilePhone',
  'homePhone',
  'workPhone',
  'otherPhone',
  'archived',
  'status',
  'active',
  'deceased',
  'diedOn',
] as const;
const addressFields = [...addressLineFields, 'postcode'] as const;

/** The columns of a basics row; the code is the first, the key of a separate address the second. */
export function basicsColumns(schema: ResolvedSchema): Selected[] {
  const { patient, address } = schema.entities;
  if (patient === undefined) return [];
  const of = (entity: ResolvedEntity, alias: string, fields: readonly string[]): Selected[] =>
    fields.flatMap((field) => (entity.columns[field] ?? []).map((column) => ({ field, sql: selected(alias, column) })));
  // A code that a double would round is none that the contract allows.
  const columns: Selected[] = [{ field: 'patientCode', sql: `p.${q(nameOf(patient, 'patientCode') ?? '')}` }];
  if (address === undefined)
    return [...columns, ...of(patient, 'p', patientFields), ...of(patient, 'p', addressFields)];
  const key =
    nameOf(address, 'addressCode') ?? address.primaryKey.find((name) => name !== nameOf(address, 'patientCode'));
  const apart = of(address, 'a', addressFields).map((column): Selected => ({ ...column, ofAddress: true }));
  if (key !== undefined) columns.push({ field: 'addressKey', sql: `a.${q(key)}`, ofAddress: true });
  columns.push(...of(patient, 'p', patientFields), ...apart);
  if (nameOf(address, 'postcode') === undefined) columns.push(...of(patient, 'p', ['postcode']));
  return columns;
}

/** The texts that read one practice. */
export interface Statements {
  readonly columns: readonly Selected[];
  /** From the beginning; rows without a code come first. */
  firstPage(rows: number): string;
  /** Parameter `@after`. */
  nextPage(rows: number): string;
  /** By key, seeing only what is committed. */
  basicsOf(codes: readonly number[]): string;
  /** Parameter `@code`; one result set for each part in `parts`. */
  readonly patient: string;
  readonly parts: readonly PatientPart[];
  /** The columns of the parts of flags; the time of a history comes before them. */
  readonly flags: { readonly patient: readonly Selected[]; readonly history: readonly Selected[] };
  readonly questions: string | undefined;
  readonly presetAnswers: string | undefined;
}

/** A result set of the patient's batch. */
export type PatientPart = 'basics' | 'alerts' | 'patient-flags' | 'history-flags' | 'questionnaires' | 'answers';

/** Makes the texts for a resolved schema. `isolation` is for pages and single patients. */
export function createStatements(schema: ResolvedSchema, isolation: Isolation): Statements {
  const { patient } = schema.entities;
  if (patient === undefined) throw new TypeError('a resolved schema has patients');
  const columns = basicsColumns(schema);
  const list = columns.map((column) => column.sql).join(', ');
  const from = `FROM ${tableOf(patient)} AS p${addressJoin(schema)}`;
  const code = `p.${q(nameOf(patient, 'patientCode') ?? '')}`;
  const page = (rows: number, where: string): string =>
    withSettings(`SELECT TOP (${wholeNumber(rows)}) ${list} ${from}${where} ORDER BY ${code} ${oneCore};`, isolation);
  const parts = patientParts(schema);
  return {
    columns,
    firstPage: (rows) => page(rows, ''),
    nextPage: (rows) => page(rows, ` WHERE ${code} > @after`),
    basicsOf: (codes) =>
      withSettings(
        `SELECT ${list} ${from} WHERE ${code} IN (${codes.map(wholeNumber).join(', ')}) ORDER BY ${code} ${oneCore};`,
        'read-committed',
      ),
    patient: withSettings(
      [`SELECT ${list} ${from} WHERE ${code} = @code ${oneCore};`, ...parts.map((part) => part.sql)].join('\n'),
      isolation,
    ),
    parts: ['basics', ...parts.map((part) => part.part)],
    flags: {
      patient: flagColumns('p', schema.entities.patient),
      history: flagColumns('h', schema.entities.medicalHistory),
    },
    questions:
      textsOf(schema.entities.question, isolation) ?? questionsOfAnswers(schema.entities.givenAnswer, isolation),
    presetAnswers: textsOf(schema.entities.presetAnswer, isolation),
  };
}

function wholeNumber(value: number): string {
  if (!Number.isSafeInteger(value)) throw new RangeError('a statement holds whole numbers only');
  return String(value);
}

function addressJoin(schema: ResolvedSchema): string {
  const { patient, address } = schema.entities;
  if (patient === undefined || address === undefined) return '';
  const field =
    schema.addressPlace === 'address-code' ? 'addressCode' : (patientLinkOf(schema.entities, address) ?? '');
  return ` LEFT OUTER JOIN ${tableOf(address)} AS a ON a.${q(nameOf(address, field) ?? '')} = p.${q(nameOf(patient, field) ?? '')}`;
}

/** Rows of the patient `@code`, by R4's number or, in newer databases, by the key that stands beside it. */
function ofPatient(alias: string, { entities }: ResolvedSchema, name: EntityName): string {
  const { patient } = entities;
  const own = entities[name];
  if (patient === undefined || own === undefined) return '1 = 0';
  const link = patientLinkOf(entities, own) ?? 'patientCode';
  const column = `${alias}.${q(nameOf(own, link) ?? '')}`;
  if (link === 'patientCode') return `${column} = @code`;
  const keyed = `SELECT k.${q(nameOf(patient, 'patientKey') ?? '')} FROM ${tableOf(patient)} AS k WHERE k.${q(nameOf(patient, 'patientCode') ?? '')} = @code`;
  return `${column} IN (${keyed})`;
}

/** Medical alerts that are kept as columns. */
function flagColumns(alias: string, entity: ResolvedEntity | undefined): Selected[] {
  return medicalFlagNames.flatMap((field) =>
    (entity?.columns[field] ?? []).map((column) => ({ field, sql: selected(alias, column) })),
  );
}

/** All of a table's texts; doubles are left to the reader, because DISTINCT cannot compare `text` columns. */
function textsOf(entity: ResolvedEntity | undefined, isolation: Isolation): string | undefined {
  const name = entity === undefined ? undefined : nameOf(entity, 'text');
  if (entity === undefined || name === undefined) return undefined;
  return withSettings(`SELECT t.${q(name)} FROM ${tableOf(entity)} AS t ${oneCore};`, isolation);
}

/** The words of questions that stand with the answers: many rows, so that the server picks out the different ones. */
function questionsOfAnswers(given: ResolvedEntity | undefined, isolation: Isolation): string | undefined {
  const name = given === undefined ? undefined : nameOf(given, 'questionText');
  if (given === undefined || name === undefined) return undefined;
  return withSettings(
    `SELECT DISTINCT CAST(g.${q(name)} AS nvarchar(4000)) COLLATE Latin1_General_BIN2 FROM ${tableOf(given)} AS g ${oneCore};`,
    isolation,
  );
}

function columnOrNull(alias: string, entity: ResolvedEntity | undefined, field: string): string {
  const name = entity === undefined ? undefined : nameOf(entity, field);
  return name === undefined ? 'NULL' : `${alias}.${q(name)}`;
}

function selectedOrNull(alias: string, entity: ResolvedEntity | undefined, field: string): string {
  const column = entity?.columns[field]?.[0];
  return column === undefined ? 'NULL' : selected(alias, column);
}

function patientParts(schema: ResolvedSchema): { readonly part: PatientPart; readonly sql: string }[] {
  const parts: { part: PatientPart; sql: string }[] = [];
  const { entities, answerLink } = schema;
  const { patient, medicalAlert: alert, medicalHistory: history, completedQuestionnaire: completed } = entities;
  if (alert !== undefined) {
    const order = nameOf(alert, 'id') ?? alert.primaryKey[0];
    const list = ['text', 'recordedAt', 'active'].map((field) => selectedOrNull('m', alert, field)).join(', ');
    parts.push({
      part: 'alerts',
      sql: `SELECT ${list} FROM ${tableOf(alert)} AS m WHERE ${ofPatient('m', schema, 'medicalAlert')}${order === undefined ? '' : ` ORDER BY m.${q(order)}`} ${oneCore};`,
    });
  }
  const ownFlags = flagColumns('p', patient);
  if (patient !== undefined && ownFlags.length > 0) {
    const list = ownFlags.map(({ sql }) => sql).join(', ');
    parts.push({
      part: 'patient-flags',
      sql: `SELECT ${list} FROM ${tableOf(patient)} AS p WHERE p.${q(nameOf(patient, 'patientCode') ?? '')} = @code ${oneCore};`,
    });
  }
  if (history !== undefined) {
    const list = [selectedOrNull('h', history, 'recordedAt'), ...flagColumns('h', history).map(({ sql }) => sql)];
    const order = orderOf('h', history, 'recordedAt');
    parts.push({
      part: 'history-flags',
      sql: `SELECT ${list.join(', ')} FROM ${tableOf(history)} AS h WHERE ${ofPatient('h', schema, 'medicalHistory')}${order.length === 0 ? '' : ` ORDER BY ${order.join(', ')}`} ${oneCore};`,
    });
  }
  if (completed === undefined) return parts;
  // What the answers point at comes first, whatever it is.
  const linked = answerLink === 'patient-and-time' ? 'completedAt' : 'id';
  const list = [linked, 'completedAt', 'name', 'notes']
    .map((field) => selectedOrNull('c', completed, field))
    .join(', ');
  const order = ['completedAt', 'id'].flatMap((field) => nameOf(completed, field) ?? []).map((name) => `c.${q(name)}`);
  parts.push({
    part: 'questionnaires',
    sql: `SELECT ${list} FROM ${tableOf(completed)} AS c WHERE ${ofPatient('c', schema, 'completedQuestionnaire')}${order.length === 0 ? '' : ` ORDER BY ${order.join(', ')}`} ${oneCore};`,
  });
  const { givenAnswer: given } = entities;
  if (given !== undefined) parts.push({ part: 'answers', sql: answersSql(schema, { completed, given }) });
  return parts;
}

/** Answers linked by time are matched to their questionnaires by the reader: what matches none must be seen to be counted. */
function answersSql(
  schema: ResolvedSchema,
  { completed, given }: { readonly completed: ResolvedEntity; readonly given: ResolvedEntity },
): string {
  const { answerLink } = schema;
  const { question, presetAnswer: preset } = schema.entities;
  const byTime = answerLink === 'patient-and-time';
  const link = columnOrNull('g', given, byTime ? 'completedAt' : 'completedId');
  const questionId = nameOf(given, 'questionId');
  const asked = questionId === undefined ? undefined : question;
  const own = columnOrNull('g', given, 'questionText');
  const joined = columnOrNull('q', asked, 'text');
  const list = [
    selectedOrNull('g', given, byTime ? 'completedAt' : 'completedId'),
    selectedOrNull('g', given, 'questionId'),
    joined === 'NULL' ? own : joined,
    columnOrNull('o', preset, 'text'),
    columnOrNull('g', given, 'ownWords'),
    // The words that stand with the answer, where its question is no longer in the table.
    joined === 'NULL' ? 'NULL' : own,
  ];
  const joins: string[] = [];
  if (!byTime)
    joins.push(
      `INNER JOIN ${tableOf(given)} AS g ON g.${q(nameOf(given, 'completedId') ?? '')} = c.${q(nameOf(completed, 'id') ?? '')}`,
    );
  if (asked !== undefined)
    joins.push(
      `LEFT OUTER JOIN ${tableOf(asked)} AS q ON q.${q(nameOf(asked, 'id') ?? '')} = g.${q(questionId ?? '')}`,
    );
  if (preset !== undefined) {
    const ofQuestion = questionId === undefined ? undefined : nameOf(preset, 'questionId');
    // Where presets are numbered anew for each question, the number alone names another question's answer too.
    const composite = ofQuestion !== undefined && preset.primaryKey.includes(ofQuestion);
    joins.push(
      `LEFT OUTER JOIN ${tableOf(preset)} AS o ON o.${q(nameOf(preset, 'id') ?? '')} = g.${q(nameOf(given, 'presetId') ?? '')}${composite ? ` AND o.${q(ofQuestion)} = g.${q(questionId ?? '')}` : ''}`,
    );
  }
  const order = [
    link,
    ...(asked === undefined ? [] : orderOf('q', asked, 'position')),
    ...orderOf('g', given, 'questionId'),
    ...orderOf('g', given, 'id'),
  ];
  const from = byTime ? `${tableOf(given)} AS g` : `${tableOf(completed)} AS c`;
  const where = byTime ? ofPatient('g', schema, 'givenAnswer') : ofPatient('c', schema, 'completedQuestionnaire');
  return `SELECT ${list.join(', ')} FROM ${from}${joins.map((join) => ` ${join}`).join('')} WHERE ${where} ORDER BY ${[...new Set(order)].join(', ')} ${oneCore};`;
}

const orderOf = (alias: string, entity: ResolvedEntity, field: string): string[] => {
  const name = nameOf(entity, field);
  return name === undefined ? [] : [`${alias}.${q(name)}`];
};
