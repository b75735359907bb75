export { addOperatorApi } from './operator-api.ts';
export type { OperatorDeps } from './operator-api.ts';
export { newPracticeSchema } from './operator-schemas.ts';
