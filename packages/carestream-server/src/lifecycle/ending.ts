import type { EndReason } from './end-reason.ts';

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
