export { mapBasics, patientCodeOf, type BasicsContext, type Mapped } from './basics.ts';
export { mapFullRecord, type FullContext } from './full-record.ts';
export { ruleTable, type RuleName } from './rules.ts';
export {
  emptyBasicsRow,
  type AlertFlag,
  type AlertRow,
  type AnswerRow,
  type BasicsRow,
  type Cell,
  type PatientRows,
  type QuestionnaireRow,
} from './rows.ts';
