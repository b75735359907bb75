import type { LoginDefinition, ResultColumn, SqlParameter, SqlSession, SqlValue } from '../engine.ts';
import { SqlServerError } from '../engine.ts';
import { createSqlEngine } from './index.ts';

/** Sunday, 17 March 2024, 14:05:06.123: what GETDATE says in tests. */
export const testNow = Date.UTC(2024, 2, 17, 14, 5, 6, 123);

const logins: readonly LoginDefinition[] = [
  { user: 'sa', password: 'sa-password', defaultDatabase: 'sys2000', role: 'sysadmin' },
  { user: 'reception', password: 'reception-password', defaultDatabase: 'sys2000', role: 'writer' },
  { user: 'reader', password: 'reader-password', defaultDatabase: 'sys2000', role: 'reader', denied: ['dbo.Secrets'] },
  {
    user: 'partial',
    password: 'partial-password',
    defaultDatabase: 'sys2000',
    role: 'reader',
    denied: ['dbo.Patients.DOB'],
  },
  { user: 'guest', password: 'guest-password', defaultDatabase: 'Tutor', databases: ['Tutor'], role: 'reader' },
  { user: 'locked', password: 'locked-password', defaultDatabase: 'sys2000', role: 'reader', failure: 18470 },
];

const column = (name: string, type: ResultColumn['type'], nullable = true) => ({ name, type, nullable });

/** A small practice of invented people. */
export const createPractice = () => {
  const engine = createSqlEngine({ logins, now: () => testNow });
  const practice = engine.createDatabase('sys2000');
  engine.createDatabase('Tutor');
  practice.defineTable({
    name: 'Patients',
    kind: 'table',
    primaryKey: ['PatientCode'],
    indexes: [{ name: 'IX_Surname', columns: ['Surname'] }],
    columns: [
      column('PatientCode', { name: 'int' }, false),
      column('Forename', { name: 'varchar', length: 30 }),
      column('Surname', { name: 'varchar', length: 30 }),
      column('Sex', { name: 'char', length: 2 }),
      column('DOB', { name: 'datetime' }),
      column('Balance', { name: 'money' }),
      column('Current', { name: 'bit' }),
    ],
  });
  practice.insert('Patients', [
    [1, 'Ann', 'Smith', 'F', Date.UTC(1980, 0, 31), 125000, 1],
    [2, 'bob', "O'Neil", 'M', Date.UTC(1899, 11, 30), -5000, 1],
    [3, 'Zoë', 'smith  ', 'F', null, 0, 0],
    [4, null, '', null, Date.UTC(2001, 8, 9, 1, 46, 40), null, null],
    [5, 'Łukasz', 'SMITH', 'M', Date.UTC(1945, 4, 8), 9_000_000_000_000_000n, 1],
  ]);
  practice.defineTable({
    name: 'Notes',
    kind: 'table',
    primaryKey: ['NoteId'],
    columns: [
      { ...column('NoteId', { name: 'int' }, false), identity: true },
      column('PatientCode', { name: 'int' }, false),
      column('Note', { name: 'text' }),
      column('Big', { name: 'bigint' }),
      column('Price', { name: 'decimal', precision: 10, scale: 2 }),
    ],
  });
  practice.insert('Notes', [
    [1, 1, 'first', 9223372036854775807n, 12345],
    [2, 1, 'second', -5, 99],
    [3, 5, null, null, null],
  ]);
  practice.defineTable({ name: 'Secrets', kind: 'table', columns: [column('Word', { name: 'varchar', length: 10 })] });
  practice.defineTable({
    name: 'Copies',
    kind: 'table',
    primaryKey: ['Id'],
    columns: [column('Id', { name: 'uniqueidentifier' }, false), column('Code', { name: 'char', length: 4 }, false)],
  });
  practice.defineTable({ name: 'vwPatients', kind: 'view', columns: [column('PatientCode', { name: 'int' })] });
  return engine;
};

/** Logs in by user name. */
export const open = (engine: ReturnType<typeof createPractice>, user = 'sa', database = ''): SqlSession =>
  engine.login({ user, password: `${user}-password`, database, applicationName: 'tests', hostName: 'bench' });

/** The result sets of a batch, and what else it said. */
export interface BatchOutcome {
  readonly sets: { readonly columns: readonly ResultColumn[]; readonly rows: readonly (readonly SqlValue[])[] }[];
  readonly counts: (number | undefined)[];
  readonly messages: string[];
}

/** Runs a batch to its end. */
export const runBatch = (session: SqlSession, text: string, parameters: readonly SqlParameter[] = []): BatchOutcome => {
  const outcome: BatchOutcome = { sets: [], counts: [], messages: [] };
  for (const result of session.execute(text, parameters)) {
    if (result.kind === 'rows') outcome.sets.push({ columns: result.columns, rows: [...result.rows] });
    else if (result.kind === 'done') outcome.counts.push(result.rows);
    else if (result.kind === 'info') outcome.messages.push(result.message);
  }
  return outcome;
};

/** Rows of the last result set. */
export const rowsOf = (
  session: SqlSession,
  text: string,
  parameters: readonly SqlParameter[] = [],
): readonly (readonly SqlValue[])[] => runBatch(session, text, parameters).sets.at(-1)?.rows ?? [];

/** The one value of a batch. */
export const valueOf = (session: SqlSession, text: string): SqlValue | undefined => rowsOf(session, text)[0]?.[0];

/** A type as T-SQL writes it. */
export const typeText = ({ type }: ResultColumn): string => {
  if (type.precision !== undefined) return `${type.name}(${type.precision},${type.scale})`;
  return type.length === undefined ? type.name : `${type.name}(${type.length === -1 ? 'max' : type.length})`;
};

/** `number message` of the error that a batch ends with; undefined where it ends well. */
export const errorOf = (session: SqlSession, text: string): string | undefined => {
  try {
    runBatch(session, text);
    return undefined;
  } catch (error) {
    if (error instanceof SqlServerError) return `${error.number} ${error.message}`;
    throw error;
  }
};
