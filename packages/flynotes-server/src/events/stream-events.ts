import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import type { Database } from '../database/index.ts';
import type { EventSignal } from './event-signal.ts';
import { currentCursor, isPlaceLost, readEvents } from './read-events.ts';
import type { EventCursor } from './read-events.ts';

/** Proxies close connections that say nothing. */
const commentEveryMs = 15_000;
const rowsMost = 500;

/**
 * Writes events to one reader until it leaves or the server stops. Each reader has a place of its own in the table, so
 * nothing is kept for it in memory and a slow one holds up nobody.
 * A reader that comes back too late is told `missed` and goes on with what happens now.
 * @param after - the place it read to before, or null to begin with what happens now
 */
export async function streamEvents(
  deps: { database: Database; signal: EventSignal },
  options: { practiceId: string | null; after: EventCursor | null },
  response: ServerResponse,
  stopped: AbortSignal,
): Promise<void> {
  const left = new AbortController();
  response.once('close', () => left.abort());
  const ended = AbortSignal.any([left.signal, stopped]);
  const lost = options.after !== null && (await isPlaceLost(deps.database, options.after));
  let place = options.after === null || lost ? await currentCursor(deps.database) : options.after;
  const write = async (text: string): Promise<void> => {
    if (response.write(text) || ended.aborted) return;
    await once(response, 'drain', { signal: ended }).catch(() => undefined);
  };
  await write(`retry: 1000\nid: ${place}\n: events follow\n\n`);
  if (lost) await write('event: missed\ndata: {}\n\n');
  let quietSince = Date.now();
  while (!ended.aborted) {
    // The wait begins before the look: what is signalled in between is not slept over.
    const woken = deps.signal.wait(1_000, ended);
    const page = await readEvents(deps.database, place, { practiceId: options.practiceId, rowsMost });
    place = page.next;
    if (page.events.length > 0) {
      const told = page.events.map(
        ({ cursor, event }) => `id: ${cursor}\nevent: ${event.body.type}\ndata: ${JSON.stringify(event)}\n\n`,
      );
      await write(told.join(''));
      quietSince = Date.now();
    } else if (Date.now() - quietSince >= commentEveryMs) {
      // With the place, so that a reader that comes back need not begin where the last event of its practice was.
      await write(`id: ${place}\n: still here\n\n`);
      quietSince = Date.now();
    }
    if (page.more) await Promise.race([woken, deps.signal.wait(page.events.length === rowsMost ? 0 : 30, ended)]);
    else await woken;
  }
  response.end();
}
