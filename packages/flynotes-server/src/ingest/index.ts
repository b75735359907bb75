export { createBatchReader } from './batch-reader.ts';
export type { BatchReader } from './batch-reader.ts';
export { createPracticeDigester, digestHex, digestNumber } from './practice-digester.ts';
export { putPatient } from './put-patient.ts';
export { batchBytesMost } from './read-batch.ts';
export type { ReadBatch } from './read-batch.ts';
export { stampStale, storeRows } from './store-rows.ts';
