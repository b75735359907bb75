export { mapBasics, patientCodeOf, type BasicsContext, type Mapped } from './basics.ts';
export { mapFullRecord, type FullContext } from './full-record.ts';
export { ruleTable, type RuleName } from './rules.ts';
export { createPlainBasics, type PlainBasics } from './plain/plain-basics.ts';
export { upper1252 } from './windows-1252.ts';
export { cellForm, type BasicsLayout, type PackedBasics } from './plain/packed-basics.ts';
export {
  emptyBasicsRow,
  type AlertFlag,
  type AlertRow,
  type AnswerRow,
  type BasicsRow,
  type BasicsRows,
  type Cell,
  type PatientRows,
  type QuestionnaireRow,
} from './rows.ts';
