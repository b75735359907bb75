export { one } from './database.ts';
export type { Database, Sql, SqlValue } from './database.ts';
export { openDatabase, openMigrated } from './open-database.ts';
export type { DatabaseOptions } from './open-database.ts';
export { migrate } from './migrate.ts';
