// Plain names, without the schemas of `host.ts`: a process that needs no more than these starts sooner.

/** How the agent's process ends, and what the host then does. */
export const exitCodes = {
  /** A day's end: start again at once. */
  dayEnd: 0,
  /** A restart was asked for: start again at once. */
  restart: 10,
  /** A verified new version is staged: start it as candidate. */
  staged: 11,
  /** Another version is dictated but none could be staged: start again after 5 minutes. */
  versionUnavailable: 12,
  /** Cannot work as configured: start again after 5 minutes, for ever. */
  configuration: 20,
  /** Neither database nor Flynotes can be reached: 1 s growing to 5 minutes. */
  unreachable: 21,
  /** Anything else, this one included, is a crash: 1 s growing to 5 minutes, reset after 10 healthy minutes. */
  crash: 1,
} as const;
/** One of {@link exitCodes}. */
export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes];

/** Environment variables that a host sets for the agent. */
export const hostEnvironment = {
  dataDir: 'CARESTREAM_DATA_DIR',
  nativeDir: 'CARESTREAM_NATIVE_DIR',
  hostVersion: 'CARESTREAM_HOST_VERSION',
  role: 'CARESTREAM_ROLE',
  /** The host's {@link keysFileSchema}: whose signatures count. */
  keysFile: 'CARESTREAM_KEYS_FILE',
} as const;

/**
 * What may stand in the folder that `CARESTREAM_NATIVE_DIR` names: binaries that fit the machine, and nothing else. Their JavaScript
 * is in the release. A part that is missing costs only what needs it.
 */
export const nativeFiles = {
  /**
   * ODBC, and with it Windows authentication: the one file `prebuilds/<platform>-<arch>/….node` of the npm package `msnodesqlv8` in the
   * version that the release has inside, under this name.
   */
  odbcDriver: 'msnodesqlv8.node',
} as const;
