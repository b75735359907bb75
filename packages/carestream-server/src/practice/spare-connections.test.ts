import { createVirtualClock } from '@flynotes/testkit';
import { expect, test } from 'vitest';
import { createSpareConnections } from './spare-connections.ts';
import type { SqlConnection } from './sql-connection.ts';
import { pingStatement } from './statements.ts';

const never = new AbortController().signal;
const queryMs = 10;

/** Connections that take 10 ms for a query, one at a time, and 50 ms to open. */
function rig(options: { readonly driver?: 'tcp' | 'odbc'; readonly fails?: boolean } = {}) {
  const clock = createVirtualClock();
  const open: string[] = [];
  const done: string[] = [];
  let made = 0;
  const connect = (name: string): SqlConnection => {
    let last: Promise<unknown> = Promise.resolve();
    open.push(name);
    return {
      tls: 'not-told' as never,
      target: { driver: options.driver ?? 'tcp' } as never,
      query(query) {
        const turn = last.then(async () => {
          await clock.sleep(query.text === pingStatement ? 50 : queryMs);
          if (options.fails === true && name !== 'first') throw new Error('no more connections');
          done.push(name);
          return [];
        });
        last = turn.catch(() => undefined);
        return turn;
      },
      async close() {
        open.splice(open.indexOf(name), 1);
      },
    };
  };
  const connections = createSpareConnections(
    { clock, first: connect('first'), another: () => connect(`spare-${++made}`) },
    { most: 4, keptMs: 600_000, openTimeoutMs: 1_000 },
  );
  const ask = () => connections.query({ text: 'SELECT', timeoutMs: 1_000 }, never);
  /** Asks for several at once. @returns how long all of them took */
  const askAtOnce = async (count: number) => {
    const startedMs = clock.monotonic();
    await clock.runUntil(Promise.all(Array.from({ length: count }, ask)));
    return clock.monotonic() - startedMs;
  };
  return { clock, open, done, connections, ask, askAtOnce };
}

test('one at a time needs one connection', async () => {
  const { open, askAtOnce } = rig();
  for (let n = 0; n < 5; n++) expect(await askAtOnce(1)).toBe(queryMs);
  expect(open).toEqual(['first']);
});

test('several at once wait for nothing to open, and from then on not for one another', async () => {
  const { clock, open, askAtOnce } = rig();
  expect(await askAtOnce(4)).toBe(4 * queryMs);
  await clock.advance(100);
  expect(open).toHaveLength(4);
  expect(await askAtOnce(4)).toBe(queryMs);
  expect(await askAtOnce(8)).toBe(2 * queryMs);
  expect(open).toHaveLength(4);
});

test('spare ones that nobody needs any more are closed; the first stays', async () => {
  const { clock, open, askAtOnce } = rig();
  await askAtOnce(4);
  await clock.advance(601_000);
  await askAtOnce(1);
  expect(open).toEqual(['first']);
});

test('where no more can be opened, the first serves on', async () => {
  const { clock, open, done, askAtOnce } = rig({ fails: true });
  for (let n = 0; n < 3; n++) {
    expect(await askAtOnce(4)).toBe(4 * queryMs);
    await clock.advance(100);
  }
  expect(new Set(done)).toEqual(new Set(['first']));
  expect(open).toEqual(['first']);
});

test('over ODBC there is one: each is a process', async () => {
  const { clock, open, askAtOnce } = rig({ driver: 'odbc' });
  await askAtOnce(4);
  await clock.advance(100);
  expect(open).toEqual(['first']);
});

test('closing closes all of them, also one that is about to open', async () => {
  const { clock, open, connections, ask } = rig();
  const asked = Promise.all([ask(), ask()]);
  await clock.advance(5);
  expect(open).toHaveLength(2);
  await connections.close();
  expect(open).toEqual([]);
  await clock.runUntil(asked);
});
