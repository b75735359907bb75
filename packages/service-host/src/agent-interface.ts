/**
 * What host and agent have agreed on, written down a second time: the host is installed once and imports nothing of the agent, so
 * that no release can change it. A test holds this page against the agent's contract.
 */

/** The version that releases may ask for with `hostMin`. */
export const hostVersion = '0.1.0';

/** The name of the only package that is ever run. */
export const releasePackageName = '@flynotes/carestream-server';

/** What is put before the exact bytes when signing, so that a signature for one purpose never serves another. */
export const signatureContexts = {
  releaseManifest: 'carestream-server release manifest v1\n',
  directive: 'carestream-server directive v1\n',
} as const;

/** Where things lie: in a release, in a version's folder, in the data folder, in the install folder. */
export const places = {
  agentEntry: 'agent/agent.mjs',
  releaseManifest: 'release.json',
  versions: 'versions',
  slots: ['state/slot-0.json', 'state/slot-1.json'],
  staged: 'state/staged.json',
  config: 'config.json',
  logs: 'logs',
  keysFile: 'keys.json',
  native: 'native',
} as const;

/** Environment variables that the agent is given. */
export const environmentNames = {
  dataDir: 'CARESTREAM_DATA_DIR',
  nativeDir: 'CARESTREAM_NATIVE_DIR',
  hostVersion: 'CARESTREAM_HOST_VERSION',
  role: 'CARESTREAM_ROLE',
  keysFile: 'CARESTREAM_KEYS_FILE',
} as const;

/** Node's own flags, before the agent's file. */
export const agentNodeFlags: readonly string[] = [
  '--max-old-space-size=128',
  '--max-semi-space-size=8',
  '--v8-pool-size=1',
  '--no-memory-reducer',
];

/** With these variables, unless the service's own environment has them. */
export const agentNodeEnvironment: Readonly<Record<string, string>> = { MALLOC_ARENA_MAX: '2' };

/** The agent writes its health here. */
export const healthFileDescriptor = 3;

/** Whether a process is the proven version or one on trial. */
export type Role = 'stable' | 'candidate';

/** What an exit means for the next start. */
export type ExitRule = 'at-once' | 'staged' | 'wait' | 'grow';

/** The table of exit codes. Whatever is not in it is a crash. */
export function exitRuleOf(exitCode: number | null): ExitRule {
  switch (exitCode) {
    case 0: // A day's end.
    case 10: // A restart was asked for.
      return 'at-once';
    case 11: // A verified new version is staged.
      return 'staged';
    case 12: // Another version is dictated, none could be staged.
    case 20: // Cannot work as configured.
      return 'wait';
    default: // 21, neither database nor Flynotes within reach, and every crash.
      return 'grow';
  }
}

/** Cannot work as configured: trying again changes nothing, another version might. */
export const configurationExit = 20;

/** The folder of a release below `versions/`. */
export const releaseFolderPattern = /^\d+\.\d+\.\d+(?:-[0-9A-Za-z.-]+)?-[0-9a-f]{8}$/;

/** The folder of a release: its version and the beginning of its tarball's SHA-512. */
export function releaseFolderOf(version: string, tarballSha512: string): string {
  return `${version}-${tarballSha512.slice(0, 8)}`;
}

/** An exact version. */
export const versionPattern = /^\d{1,6}\.\d{1,6}\.\d{1,6}(?:-[0-9A-Za-z.-]{1,40})?$/;

/** The id of a pinned key. */
export const keyIdPattern = /^[0-9a-f]{16}$/;

/** A SHA-512 in lower-case hexadecimal. */
export const sha512Pattern = /^[0-9a-f]{128}$/;
