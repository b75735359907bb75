export * from './virtual-clock.ts';
export { findPostgres, startPostgres } from './postgres.ts';
export type { TestPostgres } from './postgres.ts';
