export * from './virtual-clock.ts';
export { findPostgres, startPostgres } from './postgres.ts';
export type { TestPostgres } from './postgres.ts';
export { seededRandom } from './seeded-random.ts';
export { timesOf } from './tiers.ts';
