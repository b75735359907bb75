export { createLicences } from './open-licence.ts';
export type { LicenceSettings } from './open-licence.ts';
export { loadDirectiveSigner } from './signing.ts';
export type { DirectiveSigner } from './signing.ts';
