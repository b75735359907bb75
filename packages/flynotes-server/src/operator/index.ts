export { addOperatorApi } from './operator-api.ts';
export type { OperatorDeps } from './operator-route.ts';
export { newPracticeSchema } from './operator-schemas.ts';
