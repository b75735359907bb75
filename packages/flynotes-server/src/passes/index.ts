export { acceptBatch } from './accept-batch.ts';
export { beginPass, expirePasses } from './begin-pass.ts';
export { heldDigests } from './bucket-sums.ts';
export { completePass } from './complete-pass.ts';
export { recomputeDigests } from './recompute-digests.ts';
export type { DigestCheck } from './recompute-digests.ts';
