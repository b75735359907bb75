import type { DatabaseBuilder, SqlValue } from '../engine.ts';
import { storedRows, type DialectName, type DialectTable } from './dialect.ts';
import { dialects, namesOf } from './dialects/index.ts';
import { fillDatabase, logicalPatients } from './fill.ts';
import { fillGuidCopy } from './guid-copy.ts';
import type { LogicalTableName } from './logical.ts';
import type { LogicalPatient } from './patient.ts';
import { createShape, defaultPatients } from './shape.ts';
import { asTrainee, trainingDatabases, trainingPatients } from './training.ts';

export type { AddressPlace, ColumnPlace, Dialect, DialectName, DialectNames } from './dialect.ts';
export type { LogicalField, LogicalTableName, LogicalTables } from './logical.ts';
export type { LogicalPatient } from './patient.ts';
export { dialectNames, dialects, namesOf } from './dialects/index.ts';
export { hasDirt, patientDirt, recordDirt, type DirtRule, type PatientDirt } from './dirt.ts';
export { medicalHistories, type LogicalMedicalHistory } from './medical-histories.ts';
export { patientCodeOf } from './patient.ts';
export { createShape } from './shape.ts';
export { presetAnswers, questions } from './questionnaire-words.ts';
export { defaultPatients } from './shape.ts';
export { trainingSurnames } from './training.ts';

/** Which practice is generated. The same options give the same practice, byte for byte. */
export interface PracticeOptions {
  /** Patients in `sys2000`; {@link defaultPatients} unless told. */
  readonly patients?: number;
  readonly seed?: number;
  readonly dialect?: DialectName;
}

/** What was generated. */
export interface PracticeSummary {
  readonly patients: number;
  readonly seed: number;
  readonly dialect: DialectName;
  /** Rows per logical table of `sys2000`. */
  readonly rows: Readonly<Partial<Record<LogicalTableName, number>>>;
}

const withDefaults = (options: PracticeOptions): Required<PracticeOptions> => ({
  patients: options.patients ?? defaultPatients,
  seed: options.seed ?? 1,
  dialect: options.dialect ?? 'classic',
});

/** The databases that an R4 server holds. */
export const practiceDatabases = ['sys2000', 'NG_R4_sys2000', ...trainingDatabases] as const;

/**
 * Generates a practice: `sys2000`, its partial copy `NG_R4_sys2000`, and the training databases `Tutor` and `NG_R4_Tutor`.
 *
 * @throws RangeError for an impossible number of patients
 */
export const generatePractice = (
  engine: { createDatabase(name: string): DatabaseBuilder },
  options: PracticeOptions = {},
): PracticeSummary => {
  const { patients, seed, dialect: name } = withDefaults(options);
  const dialect = dialects[name];
  const shape = createShape(seed, patients);
  const rows = fillDatabase(engine.createDatabase('sys2000'), dialect, { shape });
  fillGuidCopy(engine.createDatabase('NG_R4_sys2000'), shape, logicalPatients(shape));

  const small = createShape(seed + 1, Math.min(patients, trainingPatients));
  fillDatabase(engine.createDatabase('Tutor'), dialect, { shape: small, disguise: asTrainee('Tutor') });
  fillGuidCopy(engine.createDatabase('NG_R4_Tutor'), small, logicalPatients(small, asTrainee('NG_R4_Tutor')));
  return { patients, seed, dialect: name, rows: Object.fromEntries(rows) };
};

/**
 * The truth about a practice: its patients one by one, as generated, before a dialect spells them. What a column then holds of
 * a field tells {@link DialectNames.stored}.
 */
export const patientsOf = (options: PracticeOptions = {}): Iterable<LogicalPatient> => {
  const { patients, seed } = withDefaults(options);
  return logicalPatients(createShape(seed, patients));
};

/** The patients' table as R4 holds it in this dialect: one record per patient, by logical field. */
export const storedPatientsOf = function* (
  options: PracticeOptions = {},
): Generator<Readonly<Record<string, SqlValue>>> {
  const { dialect } = withDefaults(options);
  const table = dialects[dialect].tables.patients as DialectTable<'patients'>;
  const fields = namesOf(dialect).fields('patients');
  for (const values of storedRows(table, patientsOf(options))) {
    yield Object.fromEntries(fields.map((field, index) => [field, values[index] ?? null]));
  }
};
