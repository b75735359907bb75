export { createInstaller, type Installer, type InstallerDeps, type InstallerOptions } from './installer.ts';
export {
  createVersionStep,
  type VersionDecision,
  type VersionStep,
  type VersionStepDeps,
  type VersionStepOptions,
} from './version-step.ts';
export type { UpdateNotes } from './update-memory.ts';
export { readDirective, type DirectiveFault, type DirectiveReading } from './directive.ts';
export { fetchTimes, type FetchTimes } from './bounded-get.ts';
export { checkTarball, unpackRelease } from './unpack-release.ts';
export { manifestIn, spareBytes } from './staging.ts';
export { readTar } from './tar-reader.ts';
