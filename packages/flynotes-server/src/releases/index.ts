export { findRelease } from './releases.ts';
export type { Release } from './releases.ts';
