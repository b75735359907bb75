/** What Flynotes can ask for: one file per message type. */
export { createCommands, type CommandsDeps } from './commands.ts';
export type { BulkUploads } from './bulk-upload-patients.ts';
export type { PatientUploads } from './patient-sync.ts';
export type { QuestionnaireReader } from './questionnaire-texts.ts';
