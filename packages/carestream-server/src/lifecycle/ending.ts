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

/** The end of a life: whoever asks first gives the reason. */
export interface Ending {
  readonly signal: AbortSignal;
  readonly reason: EndReason | null;
  end(reason: EndReason): void;
}

/** @see {@link Ending} */
export function createEnding(stop: AbortSignal): Ending & Disposable {
  const controller = new AbortController();
  let reason: EndReason | null = null;
  const end = (given: EndReason): void => {
    reason ??= given;
    controller.abort(new Error(`the agent ends: ${reason}`));
  };
  const onStop = (): void => end('stopped');
  if (stop.aborted) onStop();
  else stop.addEventListener('abort', onStop, { once: true });
  return {
    signal: controller.signal,
    get reason() {
      return reason;
    },
    end,
    [Symbol.dispose]: () => stop.removeEventListener('abort', onStop),
  };
}
