export { createReleases, dictatedVersion, findRelease, findRollout, manifestOf } from './releases.ts';
export type { Release, Releases, Rollout } from './releases.ts';
export { rolloutView, rolloutViewSchema } from './rollout-view.ts';
export type { RolloutView } from './rollout-view.ts';
