export { bulkPace, createBulkUploads, passNotes, type BulkOptions, type BulkUploads } from './bulk-uploads.ts';
export { createKeyedDigester, type KeyedDigester } from './digester.ts';
export { localDateOf } from './local-date.ts';
export { createPatientPuts, type PatientPuts } from './patient-puts.ts';
export {
  createPatientUploads,
  type PatientOptions,
  type PatientOutcome,
  type PatientUploads,
} from './patient-uploads.ts';
export type { BasicsPage, PassReason, UploadDeps, UploadReader } from './ports.ts';
export type { Pace } from './pages.ts';
export { createRightOfWay, type RightOfWay } from './right-of-way.ts';
