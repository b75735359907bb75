import type { LogicalAddress } from './address.ts';
import type { LogicalAlert } from './alerts.ts';
import type { LogicalAppointment } from './appointments.ts';
import type { LogicalMedicalHistory } from './medical-histories.ts';
import type { LogicalNhsDetails, LogicalNote, LogicalStats } from './notes.ts';
import type { LogicalPatient } from './patient.ts';
import type { LogicalCompletedQuestionnaire, LogicalGivenAnswer } from './questionnaires.ts';
import type { LogicalPresetAnswer, LogicalQuestion } from './questionnaire-words.ts';
import type { LogicalCode, LogicalPlan, LogicalPlanItem, LogicalTransaction } from './treatment.ts';
import type { LogicalUser } from './users.ts';

/** A patient's address where it lives in a table of its own. */
export interface LogicalPlacedAddress extends LogicalAddress {
  readonly patientCode: number;
}

/** Everything a practice holds, by the simulator's own names. A dialect gives each a table, and each field a column. */
export interface LogicalTables {
  readonly patients: LogicalPatient;
  readonly addresses: LogicalPlacedAddress;
  readonly appointments: LogicalAppointment;
  readonly appointmentDetails: LogicalAppointment;
  readonly completedQuestionnaires: LogicalCompletedQuestionnaire;
  readonly questions: LogicalQuestion;
  readonly presetAnswers: LogicalPresetAnswer;
  readonly givenAnswers: LogicalGivenAnswer;
  readonly medicalAlerts: LogicalAlert;
  readonly medicalHistories: LogicalMedicalHistory;
  readonly users: LogicalUser;
  readonly treatments: LogicalCode;
  readonly codes: LogicalCode;
  readonly treatmentPlans: LogicalPlan;
  readonly treatmentPlanItems: LogicalPlanItem;
  readonly transactions: LogicalTransaction;
  readonly patientNotes: LogicalNote;
  readonly treatmentNotes: LogicalNote;
  readonly temporaryNotes: LogicalNote;
  readonly nhsPatientDetails: LogicalNhsDetails;
  readonly patientStats: LogicalStats;
}

export type LogicalTableName = keyof LogicalTables;
export type LogicalField<T extends LogicalTableName> = Extract<keyof LogicalTables[T], string>;
