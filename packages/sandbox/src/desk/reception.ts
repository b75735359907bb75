import mssql from 'mssql';
import { namesOf, type DialectName, type DialectNames } from '../r4-server/index.ts';

/** What the reception desk types into R4. Absent fields are left as they are; an empty text clears a field. */
export interface PatientForm {
  readonly title?: string;
  readonly forename?: string;
  readonly surname?: string;
  /** `M`, `F` or `U`, as R4's own screen offers. */
  readonly sex?: string;
  /** `1980-02-29`. */
  readonly dateOfBirth?: string;
  readonly email?: string;
  readonly mobilePhone?: string;
  readonly homePhone?: string;
  readonly line1?: string;
  readonly line2?: string;
  readonly town?: string;
  readonly postcode?: string;
}

/** The fields of the form, in the order of the screen. */
export const formFields = [
  'title',
  'forename',
  'surname',
  'sex',
  'dateOfBirth',
  'email',
  'mobilePhone',
  'homePhone',
  'line1',
  'line2',
  'town',
  'postcode',
] as const satisfies readonly (keyof PatientForm)[];

/** R4's own screens, as far as the sandbox needs them: the receptionist's login may write. */
export interface Reception extends AsyncDisposable {
  countPatients(): Promise<number>;
  /** @returns the new patient's number */
  addPatient(form: PatientForm): Promise<number>;
  /** @returns false where R4 has no such patient */
  editPatient(patientCode: number, form: PatientForm): Promise<boolean>;
  readPatient(patientCode: number): Promise<PatientForm | null>;
  removePatient(patientCode: number): Promise<boolean>;
  /** Some patients with a completed questionnaire, newest first. */
  patientsWithHistory(most: number): Promise<readonly number[]>;
  /** How many completed questionnaires and given answers R4 holds of a patient. */
  historyOf(patientCode: number): Promise<{ questionnaires: number; answers: number }>;
  /** Some of the words that patients wrote themselves; what must never reach a report. */
  ownWords(most: number): Promise<readonly string[]>;
}

/** How the reception desk reaches R4. */
export interface ReceptionOptions {
  readonly port: number;
  readonly dialect: DialectName;
}

const addressFields = ['line1', 'line2', 'town', 'postcode'] as const;
type AddressField = (typeof addressFields)[number];
type PatientField = Exclude<(typeof formFields)[number], AddressField>;

const bracket = (name: string): string => `[${name.replaceAll(']', ']]')}]`;

/** Opens the reception desk over SQL Server's protocol. */
export async function openReception(options: ReceptionOptions): Promise<Reception> {
  const names = namesOf(options.dialect);
  const pool = await new mssql.ConnectionPool({
    server: '127.0.0.1',
    port: options.port,
    user: 'reception',
    password: 'reception-password',
    database: 'sys2000',
    options: { encrypt: false, trustServerCertificate: true, appName: 'R4', tdsVersion: '7_3_B' },
    pool: { min: 0, max: 2 },
  }).connect();

  const patients = `dbo.${bracket(names.table('patients'))}`;
  const codeColumn = bracket(names.column('patients', 'patientCode').column);
  const inPatients = names.addressPlace === 'patient';

  const assign = (request: mssql.Request, column: string, name: string, value: string | number | null): string => {
    request.input(name, value === null || typeof value === 'string' ? mssql.NVarChar : mssql.Int, value);
    return `${bracket(column)} = @${name}`;
  };

  const assignments = (request: mssql.Request, form: PatientForm): string[] => {
    const fields = formFields.filter((field) => inPatients || !isAddress(field));
    return fields.flatMap((field) => {
      const value = form[field];
      if (value === undefined) return [];
      const logical = field === 'dateOfBirth' ? 'dob' : field;
      if (!names.has('patients', logical as never)) return [];
      const place = names.column('patients', logical as never);
      return [assign(request, place.column, `f_${field}`, spelt(names, field as PatientField, value))];
    });
  };

  async function update(patientCode: number, form: PatientForm): Promise<boolean> {
    const request = pool.request();
    const sets = assignments(request, form);
    if (sets.length === 0) return (await readRow(patientCode)) !== null;
    request.input('code', mssql.Int, patientCode);
    const result = await request.query(`UPDATE ${patients} SET ${sets.join(', ')} WHERE ${codeColumn} = @code`);
    return (result.rowsAffected[0] ?? 0) > 0;
  }

  async function readRow(patientCode: number): Promise<Record<string, unknown> | null> {
    const request = pool.request().input('code', mssql.Int, patientCode);
    const result = await request.query<Record<string, unknown>>(
      `SELECT * FROM ${patients} WHERE ${codeColumn} = @code`,
    );
    return result.recordset[0] ?? null;
  }

  /** Where an address of its own is found: table, key column and key. */
  async function addressKey(patientCode: number): Promise<{ table: string; column: string; key: number } | null> {
    if (inPatients) return null;
    const table = `dbo.${bracket(names.table('addresses'))}`;
    if (names.addressPlace === 'patient-code') {
      return { table, column: names.column('addresses', 'patientCode').column, key: patientCode };
    }
    const row = await readRow(patientCode);
    const key = row?.[names.column('patients', 'addressCode').column];
    return typeof key === 'number' ? { table, column: names.column('addresses', 'addressCode').column, key } : null;
  }

  async function writeAddress(patientCode: number, form: PatientForm): Promise<void> {
    const given = addressFields.filter((field) => form[field] !== undefined);
    if (inPatients || given.length === 0) return;
    const place = (await addressKey(patientCode)) ?? (await newAddress(patientCode));
    const request = pool.request().input('key', mssql.Int, place.key);
    const sets = given.map((field) =>
      assign(request, names.column('addresses', field).column, `a_${field}`, form[field] ?? null),
    );
    const changed = await request.query(
      `UPDATE ${place.table} SET ${sets.join(', ')} WHERE ${bracket(place.column)} = @key`,
    );
    if ((changed.rowsAffected[0] ?? 0) > 0) return;
    const insert = pool.request().input('key', mssql.Int, place.key);
    const columns = given.map((field) => {
      insert.input(`a_${field}`, mssql.NVarChar, form[field] ?? null);
      return bracket(names.column('addresses', field).column);
    });
    await insert.query(
      `INSERT INTO ${place.table} (${[bracket(place.column), ...columns].join(', ')}) ` +
        `VALUES (@key, ${given.map((field) => `@a_${field}`).join(', ')})`,
    );
  }

  async function newAddress(patientCode: number): Promise<{ table: string; column: string; key: number }> {
    const table = `dbo.${bracket(names.table('addresses'))}`;
    const column = names.column('addresses', 'addressCode').column;
    const most = await pool
      .request()
      .query<{ most: number | null }>(`SELECT MAX(${bracket(column)}) AS most FROM ${table}`);
    const key = (most.recordset[0]?.most ?? 0) + 1;
    const link = bracket(names.column('patients', 'addressCode').column);
    await pool
      .request()
      .input('key', mssql.Int, key)
      .input('code', mssql.Int, patientCode)
      .query(`UPDATE ${patients} SET ${link} = @key WHERE ${codeColumn} = @code`);
    return { table, column, key };
  }

  async function readAddress(patientCode: number): Promise<PatientForm> {
    const place = await addressKey(patientCode);
    if (place === null) return {};
    const request = pool.request().input('key', mssql.Int, place.key);
    const result = await request.query<Record<string, unknown>>(
      `SELECT * FROM ${place.table} WHERE ${bracket(place.column)} = @key`,
    );
    const row = result.recordset[0];
    if (row === undefined) return {};
    return Object.fromEntries(
      addressFields.map((field) => [field, textOf(row[names.column('addresses', field).column])]),
    );
  }

  return {
    async countPatients() {
      const result = await pool.request().query<{ n: number }>(`SELECT COUNT(*) AS n FROM ${patients}`);
      return result.recordset[0]?.n ?? 0;
    },
    async addPatient(form) {
      const most = await pool
        .request()
        .query<{ most: number | null }>(`SELECT MAX(${codeColumn}) AS most FROM ${patients}`);
      const patientCode = (most.recordset[0]?.most ?? 999_999) + 1;
      await pool
        .request()
        .input('code', mssql.Int, patientCode)
        .query(`INSERT INTO ${patients} (${codeColumn}) VALUES (@code)`);
      await update(patientCode, form);
      await writeAddress(patientCode, form);
      return patientCode;
    },
    async editPatient(patientCode, form) {
      const found = await update(patientCode, form);
      if (found) await writeAddress(patientCode, form);
      return found;
    },
    async readPatient(patientCode) {
      const row = await readRow(patientCode);
      if (row === null) return null;
      const own = formFields.flatMap((field) => {
        const logical = field === 'dateOfBirth' ? 'dob' : field;
        if ((!inPatients && isAddress(field)) || !names.has('patients', logical as never)) return [];
        return [[field, textOf(row[names.column('patients', logical as never).column])]];
      });
      return { ...(Object.fromEntries(own) as PatientForm), ...(await readAddress(patientCode)) };
    },
    async removePatient(patientCode) {
      const request = pool.request().input('code', mssql.Int, patientCode);
      const result = await request.query(`DELETE FROM ${patients} WHERE ${codeColumn} = @code`);
      return (result.rowsAffected[0] ?? 0) > 0;
    },
    async patientsWithHistory(most) {
      const column = bracket(names.column('completedQuestionnaires', 'patientCode').column);
      const id = bracket(names.column('completedQuestionnaires', 'completedId').column);
      const result = await pool
        .request()
        .query<{ code: number }>(
          `SELECT TOP (${most}) ${column} AS code FROM dbo.${bracket(names.table('completedQuestionnaires'))} ORDER BY ${id} DESC`,
        );
      return result.recordset.map(({ code }) => code);
    },
    async historyOf(patientCode) {
      const completed = `dbo.${bracket(names.table('completedQuestionnaires'))}`;
      const given = `dbo.${bracket(names.table('givenAnswers'))}`;
      const patient = bracket(names.column('completedQuestionnaires', 'patientCode').column);
      const id = bracket(names.column('completedQuestionnaires', 'completedId').column);
      const link = bracket(names.column('givenAnswers', 'completedId').column);
      const result = await pool
        .request()
        .input('code', mssql.Int, patientCode)
        .query<{ questionnaires: number; answers: number }>(
          `SELECT (SELECT COUNT(*) FROM ${completed} WHERE ${patient} = @code) AS questionnaires, ` +
            `(SELECT COUNT(*) FROM ${given} AS g INNER JOIN ${completed} AS c ON g.${link} = c.${id} WHERE c.${patient} = @code) AS answers`,
        );
      return result.recordset[0] ?? { questionnaires: 0, answers: 0 };
    },
    async ownWords(most) {
      const column = bracket(names.column('givenAnswers', 'ownWords').column);
      const result = await pool
        .request()
        .query<{ words: string }>(
          `SELECT TOP (${most}) ${column} AS words FROM dbo.${bracket(names.table('givenAnswers'))} WHERE ${column} IS NOT NULL`,
        );
      return result.recordset.map(({ words }) => words.trim());
    },
    async [Symbol.asyncDispose]() {
      await pool.close();
    },
  };
}

function isAddress(field: string): field is AddressField {
  return (addressFields as readonly string[]).includes(field);
}

/** A value as this dialect's column takes it. */
function spelt(names: DialectNames, field: PatientField, value: string): string | number | null {
  if (value === '') return null;
  if (field === 'dateOfBirth') return value.replaceAll('-', '');
  if (field !== 'sex') return value;
  const stored = names.stored('patients', 'sex', value);
  return typeof stored === 'number' || typeof stored === 'string' ? stored : value;
}

function textOf(value: unknown): string {
  if (value === null || value === undefined) return '';
  if (value instanceof Date) return value.toISOString().slice(0, 10);
  return `${value as string | number | boolean}`.trimEnd();
}
