export { createSqlEngine } from './engine.ts';
export type { SqlEngineOptions, SqlEngineWithDatabases } from './engine.ts';
export type { DatabaseCondition } from './catalogue/model.ts';
