import type { DatabaseBuilder } from '../engine.ts';
import { alerts } from './alerts.ts';
import { appointmentRows, appointments } from './appointments.ts';
import { definitionOf, storedRows, type Dialect, type DialectTable } from './dialect.ts';
import type { LogicalPlacedAddress, LogicalTableName, LogicalTables } from './logical.ts';
import { medicalHistories } from './medical-histories.ts';
import { nhsDetails, notes, patientStats } from './notes.ts';
import { createPatients, type LogicalPatient } from './patient.ts';
import { completedQuestionnaires, givenAnswers } from './questionnaires.ts';
import { presetAnswers, questions } from './questionnaire-words.ts';
import type { PracticeShape } from './shape.ts';
import { codes, transactions, treatmentPlans, treatmentRows } from './treatment.ts';
import { users } from './users.ts';

/** Changes the people of a practice (training data), or leaves them as they are. */
export type Disguise = (patient: LogicalPatient) => LogicalPatient;

/** The patients of a practice, in the order of their codes: what R4 holds, before a dialect spells it. */
export const logicalPatients = function* (shape: PracticeShape, disguise?: Disguise): Generator<LogicalPatient> {
  const patient = createPatients(shape.seed);
  for (let index = 0; index < shape.patients; index += 1) {
    yield disguise === undefined ? patient(index) : disguise(patient(index));
  }
};

/** Addresses as rows of their own: one per household, or one per patient. */
const placedAddresses = function* (
  patients: Iterable<LogicalPatient>,
  perHousehold: boolean,
): Generator<LogicalPlacedAddress> {
  let last = 0;
  for (const patient of patients) {
    const { addressCode } = patient;
    if (addressCode === null) continue;
    // Households are neighbours in the order of codes, so the last address is enough to know a repetition.
    if (perHousehold && addressCode <= last) continue;
    last = addressCode;
    yield patient as LogicalPlacedAddress;
  }
};

/**
 * Defines and fills every table of a dialect in one database.
 *
 * @returns the number of rows per logical table
 */
export const fillDatabase = (
  database: DatabaseBuilder,
  dialect: Dialect,
  people: { readonly shape: PracticeShape; readonly disguise?: Disguise },
): ReadonlyMap<LogicalTableName, number> => {
  const { shape, disguise } = people;
  const counts = new Map<LogicalTableName, number>();
  const fill = <T extends LogicalTableName>(name: T, rows: () => Iterable<LogicalTables[T]>): void => {
    const table = dialect.tables[name] as DialectTable<T> | undefined;
    if (table === undefined) return;
    database.defineTable(definitionOf(table));
    counts.set(name, database.insert(table.name, storedRows(table, rows())));
  };

  fill('patients', () => logicalPatients(shape, disguise));
  fill('addresses', () => placedAddresses(logicalPatients(shape, disguise), dialect.addressPlace === 'address-code'));
  fill('appointments', () => appointments(shape, shape.scaled(appointmentRows.table)));
  fill('appointmentDetails', () => appointments(shape, shape.scaled(appointmentRows.view)));
  const completed = completedQuestionnaires(shape);
  fill('completedQuestionnaires', () => completed);
  fill('questions', () => questions);
  fill('presetAnswers', () => presetAnswers);
  fill('givenAnswers', () => givenAnswers(shape, completed));
  fill('medicalAlerts', () => alerts(shape));
  fill('medicalHistories', () => medicalHistories(shape));
  fill('users', () => users);
  fill('treatments', () => codes(treatmentRows.treatments));
  fill('codes', () => codes(treatmentRows.codes));
  const { plans, items } = treatmentPlans(shape);
  fill('treatmentPlans', () => plans);
  fill('treatmentPlanItems', () => items);
  fill('transactions', () => transactions(shape));
  fill('patientNotes', () => notes(shape, 'patient'));
  fill('treatmentNotes', () => notes(shape, 'treatment'));
  fill('temporaryNotes', () => notes(shape, 'temporary'));
  fill('nhsPatientDetails', () => nhsDetails(shape));
  fill('patientStats', () => patientStats(shape));
  return counts;
};
