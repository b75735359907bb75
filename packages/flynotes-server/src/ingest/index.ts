export { judgeBatch } from './judge-batch.ts';
export { createPracticeDigester, digestHex, digestNumber } from './practice-digester.ts';
export { putPatient } from './put-patient.ts';
export { stampStale, storeRows } from './store-rows.ts';
