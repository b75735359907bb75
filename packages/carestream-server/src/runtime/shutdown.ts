import type { Clock } from './clock.ts';

/** Resolves as soon as the signal is aborted or one of these is settled, whichever is first; never rejects. Leaves no listener behind. */
export async function untilAborted(signal: AbortSignal, ...others: readonly Promise<unknown>[]): Promise<void> {
  if (signal.aborted) return;
  let stop: (() => void) | undefined;
  const aborted = new Promise<void>((resolve) => {
    stop = resolve;
    signal.addEventListener('abort', stop, { once: true });
  });
  const ignored = () => undefined;
  await Promise.race([aborted, ...others.map((other) => other.then(ignored, ignored))]);
  if (stop) signal.removeEventListener('abort', stop);
}

/** Waits for work, but no longer than `ms`. Work that is late goes on by itself; its failure is the caller's to look at. */
export async function within(clock: Clock, ms: number, work: Promise<unknown>): Promise<'done' | 'late'> {
  const settled = new AbortController();
  let late = false;
  const timer = clock.sleep(ms, settled.signal).then(
    () => {
      late = true;
    },
    () => undefined,
  );
  const ignored = () => undefined;
  await Promise.race([work.then(ignored, ignored), timer]);
  settled.abort();
  await timer;
  return late ? 'late' : 'done';
}

/** Sleeps until the time is over or the signal is aborted; never rejects. Tells which. */
export async function pause(clock: Clock, ms: number, signal: AbortSignal): Promise<'over' | 'aborted'> {
  try {
    await clock.sleep(ms, signal);
    return signal.aborted ? 'aborted' : 'over';
  } catch (error) {
    if (!signal.aborted) throw error;
    return 'aborted';
  }
}
