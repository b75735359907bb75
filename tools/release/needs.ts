import { stateSchema } from '../../packages/carestream-server/src/state/index.ts';
import type { ReleaseNeeds } from './make-release.ts';

/** What a release of this checkout asks of a machine. `hostMin` is raised with the contract between agent and host. */
export const currentNeeds: ReleaseNeeds = { hostMin: '0.1.0', stateSchema };
