import { exitCodes, type ExitCode } from '../contract/index.ts';

/** Why a life ended. */
export type EndReason =
  | 'day-over'
  | 'restart-requested'
  | 'version-differs'
  | 'version-staged'
  | 'licence-changed'
  | 'stopped'
  | 'configuration'
  | 'unreachable'
  | 'crashed';

/** The exit code that tells the host of each reason. */
export const exitCodeOf: Readonly<Record<EndReason, ExitCode>> = {
  'day-over': exitCodes.dayEnd,
  'restart-requested': exitCodes.restart,
  'version-differs': exitCodes.versionUnavailable,
  'version-staged': exitCodes.staged,
  'licence-changed': exitCodes.restart,
  stopped: exitCodes.dayEnd,
  configuration: exitCodes.configuration,
  unreachable: exitCodes.unreachable,
  crashed: exitCodes.crash,
};
