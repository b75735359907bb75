import type { Heartbeat } from '../contract/index.ts';
import { pause, type Clock } from '../runtime/index.ts';

/** What heartbeats need. */
export interface HeartbeatDeps {
  readonly clock: Clock;
  facts(): Heartbeat;
  send(heartbeat: Heartbeat, signal: AbortSignal): Promise<void>;
  onFailure(error: unknown): void;
}

/** Sends a heartbeat at once and then regularly. One at a time, never repeated: nothing depends on a single one, so a failure is no event. */
export async function sendHeartbeats(deps: HeartbeatDeps, everyMs: number, signal: AbortSignal): Promise<void> {
  do {
    try {
      await deps.send(deps.facts(), signal);
    } catch (error) {
      // The next one tells the same and more.
      deps.onFailure(error);
    }
  } while ((await pause(deps.clock, everyMs, signal)) === 'over');
}
