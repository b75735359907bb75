import { setImmediate } from 'node:timers/promises';

/** Lets everything else that is ready run first: a patient-sync between two slices of a page. */
export async function breathe(signal: AbortSignal): Promise<void> {
  await setImmediate();
  signal.throwIfAborted();
}
