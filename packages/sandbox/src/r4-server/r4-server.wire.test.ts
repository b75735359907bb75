import { Connection, Request } from 'tedious';
import { describe, expect, it } from 'vitest';
import type { SqlType, SqlTypeName, SqlValue } from './engine.ts';
import {
  createR4Server,
  dialectNames,
  hasDirt,
  patientsOf,
  storedPatientsOf,
  trainingSurnames,
  type R4Server,
} from './index.ts';

const connect = (server: R4Server, database: string): Promise<Connection> => {
  const connection = new Connection({
    server: server.host,
    authentication: { type: 'default', options: { userName: 'flynotes_reader', password: 'reader-password' } },
    options: { port: server.port, database, encrypt: false, trustServerCertificate: true },
  });
  return new Promise((resolve, reject) => {
    connection.connect((error) => (error ? reject(error) : resolve(connection)));
  });
};

const read = (connection: Connection, statement: string): Promise<unknown[][]> =>
  new Promise((resolve, reject) => {
    const rows: unknown[][] = [];
    const request = new Request(statement, (error) => (error ? reject(error) : resolve(rows)));
    request.on('row', (columns: { value: unknown }[]) => rows.push(columns.map(({ value }) => value)));
    connection.execSql(request);
  });

type Shown = (value: SqlValue, type: SqlType) => unknown;

// iconv-lite marks bytes that CP1252 does not define.
const text: Shown = (value) => String(value).replaceAll('\u0081', '\uFFFD');
const day: Shown = (value) => new Date(Number(value));
const shown: Partial<Record<SqlTypeName, Shown>> = {
  bit: (value) => value === 1,
  money: (value) => Number(value) / 10_000,
  decimal: (value, type) => Number(value) / 10 ** (type.scale ?? 0),
  datetime: day,
  smalldatetime: day,
  date: day,
  char: (value, type) => String(value).padEnd(type.length ?? 1),
  varchar: text,
  text,
};

/** A stored value as tedious hands it over. */
const asTedious: Shown = (value, type) => (value === null ? null : (shown[type.name]?.(value, type) ?? value));

describe('createR4Server', () => {
  it.each(dialectNames)('serves every patient as generated, field by field: %s', async (dialect) => {
    await using server = await createR4Server({ patients: 1_200, seed: 11, dialect });
    const { dialect: names } = server;
    const fields = names.fields('patients');
    const columns = fields.map((field) => names.column('patients', field));
    const connection = await connect(server, 'sys2000');
    const rows = await read(
      connection,
      `SELECT ${columns.map(({ column }) => `[${column}]`).join(', ')} FROM dbo.[${names.table('patients')}] ORDER BY [${names.column('patients', 'patientCode').column}]`,
    );
    connection.close();
    const expected = [...storedPatientsOf({ patients: 1_200, seed: 11, dialect })].map((patient) =>
      fields.map((field, index) => asTedious(patient[field] ?? null, columns[index]?.type ?? { name: 'int' })),
    );
    expect(rows.length).toBe(1_200);
    for (const [index, row] of rows.entries()) expect(row).toEqual(expected[index]);
  });

  it('finds through SQL the dirt that the generator tells of', async () => {
    await using server = await createR4Server({ patients: 3_000 });
    const connection = await connect(server, 'sys2000');
    const nameless = await read(
      connection,
      "SELECT PatientCode FROM dbo.Patients WHERE Surname IS NULL OR Surname = '' ORDER BY PatientCode",
    );
    const truth = [...patientsOf({ patients: 3_000 })].filter(({ surname }) => (surname ?? '').trim() === '');
    expect(truth.length).toBeGreaterThan(0);
    expect(nameless.map(([code]) => code)).toEqual(truth.map(({ patientCode }) => patientCode));
    const zero = await read(connection, "SELECT COUNT(*) FROM dbo.Patients WHERE DOB = '18991230'");
    expect(zero).toEqual([
      [[...patientsOf({ patients: 3_000 })].filter((patient) => hasDirt(patient, 'dobOleZero')).length],
    ]);
    connection.close();
  });

  it('keeps training data in databases of its own, under the same codes', async () => {
    await using server = await createR4Server({ patients: 150 });
    const tutor = await connect(server, 'Tutor');
    expect(await read(tutor, 'SELECT DISTINCT Surname FROM dbo.Patients')).toEqual([[trainingSurnames.Tutor]]);
    tutor.close();
    const copy = await connect(server, 'NG_R4_sys2000');
    const [[count] = []] = await read(copy, 'SELECT COUNT(*) FROM dbo.Patient');
    expect(Number(count)).toBeGreaterThan(0);
    copy.close();
  });

  it('tells how to connect, and refuses logins and sizes that do not exist', async () => {
    await using server = await createR4Server({ patients: 1 });
    expect(server.connectionString('reception')).toBe(
      `Server=127.0.0.1,${server.port};Database=sys2000;Uid=reception;Pwd=reception-password;Encrypt=no;TrustServerCertificate=yes`,
    );
    expect(() => server.connectionString('nobody')).toThrow(RangeError);
    await expect(createR4Server({ patients: -1 })).rejects.toThrow(RangeError);
  });
});
