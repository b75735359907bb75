import { createHash } from 'node:crypto';
import { AgentError } from '../runtime/index.ts';
import type { Catalogue, CatalogueColumn, CatalogueTable } from './catalogue.ts';
import type {
  AddressPlace,
  AnswerLink,
  ConsideredTable,
  MissingField,
  ResolvedColumn,
  ResolvedEntity,
  ResolvedSchema,
} from './resolved-schema.ts';
import {
  addressLineFields,
  schemaMap,
  type EntityMap,
  type EntityName,
  type FieldMap,
  type TypeFamily,
} from './schema-map.ts';

const families: Readonly<Record<string, TypeFamily>> = {
  bit: 'whole',
  tinyint: 'whole',
  smallint: 'whole',
  int: 'whole',
  bigint: 'whole',
  decimal: 'number',
  numeric: 'number',
  float: 'number',
  real: 'number',
  money: 'number',
  smallmoney: 'number',
  char: 'text',
  varchar: 'text',
  nchar: 'text',
  nvarchar: 'text',
  text: 'text',
  ntext: 'text',
  datetime: 'moment',
  smalldatetime: 'moment',
  date: 'moment',
  datetime2: 'moment',
  datetimeoffset: 'moment',
  uniqueidentifier: 'guid',
};

/** The family of a type, undefined for those that nothing of ours can be read from. */
export const familyOf = (type: string): TypeFamily | undefined =>
  Object.hasOwn(families, type) ? families[type] : undefined;

/** Names are compared without case, spaces, underscores and hyphens. */
export const foldName = (name: string): string => name.toLowerCase().replace(/[\s_-]+/g, '');

const partNames: Partial<Record<EntityName, string>> = {
  medicalAlert: 'medical-alerts',
  completedQuestionnaire: 'questionnaires',
  givenAnswer: 'given-answers',
  question: 'questions',
  presetAnswer: 'preset-answers',
};

/** What looking through a catalogue found, whether or not it is enough. */
export interface SchemaFindings {
  /** Undefined where patients cannot be read. */
  readonly schema: ResolvedSchema | undefined;
  /** Why there is no schema. */
  readonly failure: AgentError | undefined;
  /** Also what is rarely there. */
  readonly missing: readonly MissingField[];
  readonly considered: readonly ConsideredTable[];
}

/**
 * Finds in a practice's catalogue what the schema map looks for. Pure.
 * @throws AgentError PRACTICE_SCHEMA_UNSUPPORTED: what was looked for and what stands there instead
 */
export function resolveSchema(
  catalogue: Catalogue,
  map: Readonly<Record<EntityName, EntityMap>> = schemaMap,
): ResolvedSchema {
  const { schema, failure } = searchSchema(catalogue, map);
  if (schema === undefined) throw failure ?? new AgentError('PRACTICE_SCHEMA_UNSUPPORTED');
  return schema;
}

/** As {@link resolveSchema}, with everything that was looked at on the way. */
export function searchSchema(
  catalogue: Catalogue,
  map: Readonly<Record<EntityName, EntityMap>> = schemaMap,
): SchemaFindings {
  const notes: Notes = { missing: [], considered: [] };
  const found: { [Entity in EntityName]?: ResolvedEntity } = {};
  let failure: AgentError | undefined;
  for (const entity of [
    ...(Object.keys(map) as EntityName[]).filter((name) => name !== 'givenAnswer'),
    'givenAnswer',
  ] as const) {
    const entityMap = entity === 'givenAnswer' ? pointingAt(found, map.givenAnswer) : map[entity];
    const outcome = resolveEntity(entity, entityMap, catalogue, notes);
    if (outcome instanceof AgentError) failure ??= outcome;
    else if (outcome !== undefined) found[entity] = outcome;
  }
  const { patient } = found;
  const { missing, considered } = notes;
  if (patient === undefined) return { schema: undefined, failure, missing, considered };
  const addressPlace = placeOfAddress(patient, found.address);
  if (addressPlace !== 'address-code' && addressPlace !== 'patient-code' && found.address !== undefined) {
    const why =
      addressPlace === 'patient' ? `${patient.table} holds addresses itself` : 'nothing joins it to the patients';
    considered.push({ entity: 'address', table: found.address.table, why });
    delete found.address;
  }
  const answerLink = linkAnswers(found, considered);
  const schema: ResolvedSchema = {
    entities: found,
    addressPlace,
    answerLink,
    missing: missing.filter((each) => isMissed(each, addressPlace, found)),
    unavailable: unavailableOf(found, addressPlace),
    unindexed: unindexedOf(found, addressPlace, answerLink),
    fingerprint: fingerprintOf(found, addressPlace, answerLink),
  };
  return { schema, failure: undefined, missing, considered };
}

interface Notes {
  readonly missing: MissingField[];
  readonly considered: ConsideredTable[];
}

function resolveEntity(
  entity: EntityName,
  map: EntityMap,
  catalogue: Catalogue,
  { missing, considered }: Notes,
): ResolvedEntity | AgentError | undefined {
  const unlike = new Set((map.unlike ?? []).map(foldName));
  const refused: string[] = [];
  for (const rank of map.tables) {
    const wanted = new Set(rank.map(foldName));
    let fitting: { table: CatalogueTable; columns: ResolvedEntity['columns']; lacks: MissingField[] }[] = [];
    for (const table of catalogue.tables) {
      if (!wanted.has(foldName(table.name)) && !wanted.has(foldName(`${table.schema}.${table.name}`))) continue;
      const alien = table.columns.find((column) => unlike.has(foldName(column.name)));
      if (alien !== undefined) {
        considered.push({ entity, table: table.name, why: `it belongs to patients: it holds ${alien.name}` });
        continue;
      }
      const lacks: MissingField[] = [];
      const columns = resolveFields({ entity, map, table }, lacks);
      const lack = lacks.find((each) => each.field !== undefined && map.fields[each.field]?.need === 'required');
      const without = map.oneOf?.find((group) => !group.some((fields) => fields.every((field) => field in columns)));
      if (lack === undefined && without === undefined) fitting.push({ table, columns, lacks });
      else {
        const why =
          lack === undefined
            ? `none of ${without?.map((fields) => fields.join(' with ')).join(', ')}`
            : `${lack.field} ${lack.reason === 'ambiguous' ? 'stands in' : 'is none of'} ${lack.candidates.join(', ')}`;
        refused.push(`${table.name} (${why})`);
        considered.push({ entity, table: table.name, why });
      }
    }
    const all = fitting;
    // A view over a table of the same rank says nothing new, and `dbo` is where R4 keeps its own.
    if (fitting.length > 1 && fitting.some((each) => each.table.schema.toLowerCase() === 'dbo')) {
      fitting = fitting.filter((each) => each.table.schema.toLowerCase() === 'dbo');
    }
    if (fitting.length > 1 && fitting.some((each) => each.table.kind === 'table'))
      fitting = fitting.filter((each) => each.table.kind === 'table');
    const [only] = fitting;
    if (only !== undefined && fitting.length === 1) {
      missing.push(...only.lacks);
      for (const { table } of all) {
        if (table !== only.table)
          considered.push({ entity, table: table.name, why: `${only.table.schema}.${only.table.name} comes first` });
      }
      const { schema, name: table, kind, primaryKey, leading } = only.table;
      return { entity, schema, table, kind, primaryKey, leading, columns: only.columns };
    }
    if (only !== undefined) {
      missing.push({ entity, reason: 'ambiguous', candidates: distinctNames(fitting) });
      break;
    }
  }
  const ambiguous = missing.find((each) => each.entity === entity && each.reason === 'ambiguous');
  if (map.need === 'required') {
    return new AgentError('PRACTICE_SCHEMA_UNSUPPORTED', {
      details: {
        entity,
        lookedFor: map.tables.flat().join(', '),
        ...(ambiguous === undefined ? {} : { equallyGood: ambiguous.candidates.join(', ') }),
        ...(refused.length === 0 ? {} : { found: refused.join('; ') }),
      },
    });
  }
  if (ambiguous === undefined)
    missing.push({ entity, reason: 'missing', candidates: refused.length > 0 ? refused : map.tables.flat() });
  return undefined;
}

/** With their schemas where names alone do not tell them apart. */
function distinctNames(fitting: readonly { readonly table: CatalogueTable }[]): string[] {
  const names = fitting.map(({ table }) => table.name);
  return new Set(names).size === names.length ? names : fitting.map(({ table }) => `${table.schema}.${table.name}`);
}

function resolveFields(
  { entity, map, table }: { entity: EntityName; map: EntityMap; table: CatalogueTable },
  missing: MissingField[],
): Record<string, ResolvedColumn[]> {
  const resolved: Record<string, ResolvedColumn[]> = {};
  const taken = new Set<string>();
  for (const [field, fieldMap] of Object.entries(map.fields)) {
    const free = table.columns.filter((column) => !taken.has(column.name));
    const outcome = resolveField(fieldMap, { ...table, columns: free });
    if ('reason' in outcome) missing.push({ entity, field, ...outcome });
    else {
      resolved[field] = outcome.columns.map((column) => resolvedColumn(field, column));
      for (const column of outcome.columns) taken.add(column.name);
    }
  }
  const id = keyAsId(map, table, resolved);
  if (id !== undefined) {
    resolved['id'] = [id];
    const reported = missing.findIndex((each) => each.entity === entity && each.field === 'id');
    if (reported >= 0) missing.splice(reported, 1);
  }
  return resolved;
}

function resolvedColumn(field: string, { name, type, precision }: CatalogueColumn): ResolvedColumn {
  return { field, name, type, ...(precision === undefined ? {} : { precision }) };
}

/** Answers may point at the other tables by whatever name those give their own keys. */
function pointingAt(found: ResolvedSchema['entities'], map: EntityMap): EntityMap {
  const fields: Record<string, FieldMap> = { ...map.fields };
  const pointers = { completedId: 'completedQuestionnaire', questionId: 'question', presetId: 'presetAnswer' } as const;
  for (const [field, entity] of Object.entries(pointers)) {
    const own = fields[field];
    const name = found[entity]?.columns['id']?.[0]?.name;
    // A name such as `ID` says nothing of what it points at.
    if (own !== undefined && name !== undefined && foldName(name).length > 4)
      fields[field] = { ...own, ranks: [...own.ranks, [name]] };
  }
  return { ...map, fields };
}

/** A row id has many names; the table says itself which column is its key. */
function keyAsId(
  map: EntityMap,
  table: CatalogueTable,
  resolved: Readonly<Record<string, readonly ResolvedColumn[]>>,
): ResolvedColumn | undefined {
  const idMap = map.fields['id'];
  const [name, ...more] = table.primaryKey;
  if (idMap === undefined || 'id' in resolved || name === undefined || more.length > 0) return undefined;
  if (Object.values(resolved).some((columns) => columns.some((column) => column.name === name))) return undefined;
  const column = table.columns.find((each) => each.name === name);
  const family = familyOf(column?.type ?? '');
  return column !== undefined && family !== undefined && idMap.types.includes(family)
    ? resolvedColumn('id', column)
    : undefined;
}

type FieldOutcome = { readonly columns: readonly CatalogueColumn[] } | Pick<MissingField, 'reason' | 'candidates'>;

function resolveField(map: FieldMap, table: CatalogueTable): FieldOutcome {
  let mistyped: string[] = [];
  for (const rank of map.ranks) {
    const wanted = new Map(rank.map((name, index) => [foldName(name), index]));
    const named = table.columns.filter((column) => wanted.has(foldName(column.name)));
    const fitting = named.filter((column) => {
      const family = familyOf(column.type);
      return family !== undefined && map.types.includes(family);
    });
    mistyped = mistyped.concat(
      named.filter((column) => !fitting.includes(column)).map((column) => `${column.name} ${column.type}`),
    );
    if (fitting.length === 0) continue;
    if (map.many === true) {
      return {
        columns: fitting.toSorted((a, b) => (wanted.get(foldName(a.name)) ?? 0) - (wanted.get(foldName(b.name)) ?? 0)),
      };
    }
    if (fitting.length === 1) return { columns: fitting };
    // Of several keys the one that the table itself uses is the better one.
    const own = fitting.filter((column) => table.primaryKey.length === 1 && table.primaryKey[0] === column.name);
    if (own.length === 1) return { columns: own };
    return { reason: 'ambiguous', candidates: fitting.map((column) => column.name) };
  }
  if (mistyped.length > 0) return { reason: 'type', candidates: mistyped };
  return { reason: 'missing', candidates: map.ranks.flat() };
}

const has = (entity: ResolvedEntity | undefined, field: string): boolean => (entity?.columns[field]?.length ?? 0) > 0;
const familyOfField = (entity: ResolvedEntity | undefined, field: string): TypeFamily | undefined =>
  familyOf(entity?.columns[field]?.[0]?.type ?? '');

/** Whether two columns can be compared without SQL Server having to convert one into what it may not be. */
function joinable(left: TypeFamily | undefined, right: TypeFamily | undefined): boolean {
  const numeric = (family: TypeFamily | undefined): boolean => family === 'whole' || family === 'number';
  return left !== undefined && (left === right || (numeric(left) && numeric(right)));
}

function placeOfAddress(patient: ResolvedEntity, address: ResolvedEntity | undefined): AddressPlace {
  if (has(patient, 'line1')) return 'patient';
  const useful = addressLineFields.some((field) => has(address, field)) || has(address, 'postcode');
  if (useful && joinable(familyOfField(patient, 'addressCode'), familyOfField(address, 'addressCode')))
    return 'address-code';
  if (useful && has(address, 'patientCode')) return 'patient-code';
  return addressLineFields.some((field) => has(patient, field)) || has(patient, 'postcode') ? 'patient' : 'none';
}

/** Answers that cannot be joined to their questionnaires or questions are no use to anybody. */
function linkAnswers(found: { [Entity in EntityName]?: ResolvedEntity }, considered: ConsideredTable[]): AnswerLink {
  const { completedQuestionnaire: completed, givenAnswer: given, question, presetAnswer: preset } = found;
  const link = answerLinkOf(completed, given);
  const asked =
    joinable(familyOfField(question, 'id'), familyOfField(given, 'questionId')) || has(given, 'questionText');
  if (given !== undefined && (link === 'none' || !asked)) {
    const why =
      link === 'none' ? 'nothing joins it to the completed questionnaires' : 'nothing joins it to the questions';
    considered.push({ entity: 'givenAnswer', table: given.table, why });
    delete found.givenAnswer;
  }
  // Without a given answer that points at them, nothing says that a table's texts are not what patients wrote: they go nowhere.
  if (preset !== undefined) {
    const pointing = found.givenAnswer;
    if (pointing === undefined || !joinable(familyOfField(preset, 'id'), familyOfField(pointing, 'presetId'))) {
      const why = pointing === undefined ? 'no given answers point at it' : `${pointing.table} does not point at it`;
      considered.push({ entity: 'presetAnswer', table: preset.table, why });
      delete found.presetAnswer;
    }
  }
  return found.givenAnswer === undefined ? 'none' : link;
}

function answerLinkOf(completed: ResolvedEntity | undefined, given: ResolvedEntity | undefined): AnswerLink {
  if (joinable(familyOfField(completed, 'id'), familyOfField(given, 'completedId'))) return 'id';
  const byTime =
    joinable(familyOfField(completed, 'patientCode'), familyOfField(given, 'patientCode')) &&
    familyOfField(completed, 'completedAt') === 'moment' &&
    familyOfField(given, 'completedAt') === 'moment';
  return byTime ? 'patient-and-time' : 'none';
}

/** Address fields count as missing only where the address is looked for. */
function isMissed(
  { entity, field, reason }: MissingField,
  place: AddressPlace,
  found: ResolvedSchema['entities'],
): boolean {
  // Each of these does for the other.
  if (entity === 'givenAnswer' && field === 'completedId' && has(found.givenAnswer, 'completedAt')) return false;
  const worded = has(found.givenAnswer, 'questionText');
  if (
    worded &&
    ((entity === 'givenAnswer' && field === 'questionId') || (entity === 'question' && reason === 'missing'))
  )
    return false;
  const need =
    field === undefined ? schemaMap[entity].need : (schemaMap[entity].fields as Record<string, FieldMap>)[field]?.need;
  const ofAddress =
    field === 'line1' || field === 'postcode' || (addressLineFields as readonly string[]).includes(field ?? '');
  if (ofAddress && entity === 'patient' && place !== 'patient' && place !== 'none') return false;
  if (entity === 'address' && place !== 'address-code' && place !== 'patient-code')
    return place === 'none' && reason === 'ambiguous';
  return need !== 'rare' || (reason !== 'missing' && !(reason === 'type'));
}

function unavailableOf(found: ResolvedSchema['entities'], place: AddressPlace): string[] {
  const parts: string[] = [];
  for (const [entity, part] of Object.entries(partNames))
    if (found[entity as EntityName] === undefined && !(part === 'questions' && has(found.givenAnswer, 'questionText')))
      parts.push(part);
  if (place === 'none') parts.push('address');
  return parts.sort();
}

function unindexedOf(found: ResolvedSchema['entities'], place: AddressPlace, link: AnswerLink): string[] {
  const searched: [EntityName, string][] = [
    ['patient', 'patientCode'],
    ['completedQuestionnaire', 'patientCode'],
    ['givenAnswer', link === 'id' ? 'completedId' : 'patientCode'],
    ['medicalAlert', 'patientCode'],
    ['address', place === 'address-code' ? 'addressCode' : 'patientCode'],
  ];
  return searched.flatMap(([name, field]) => {
    const entity = found[name];
    const column = entity?.columns[field]?.[0]?.name;
    if (entity === undefined || column === undefined || entity.kind === 'view' || entity.leading === undefined)
      return [];
    return entity.leading.has(column) || entity.primaryKey[0] === column ? [] : [entity.table];
  });
}

function fingerprintOf(found: ResolvedSchema['entities'], place: AddressPlace, link: AnswerLink): string {
  const lines = Object.values(found)
    .flatMap((entity) =>
      Object.values(entity.columns)
        .flat()
        .map((column) =>
          [entity.entity, column.field, entity.schema, entity.table, column.name, column.type].join('\t'),
        ),
    )
    .sort();
  return createHash('sha256')
    .update([place, link, ...lines].join('\n'))
    .digest('hex')
    .slice(0, 32);
}
