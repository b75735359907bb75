import { createSocket } from 'node:dgram';
import type { AddressInfo } from 'node:net';
import { createR4Server } from '@flynotes/sandbox/r4-server';
import { describe, expect, test } from 'vitest';
import { AgentError, isAgentError } from '../runtime/index.ts';
import { createSystemClock } from '../runtime/system-clock.ts';
import { testDrivers } from './driver-rig.ts';
import { createPracticeConnector } from './practice-connector.ts';
import { createMemoryLog } from './practice-rig.ts';

const signal = new AbortController().signal;

/** A SQL Server Browser on loopback that tells of instances by name and port. */
async function startBrowser(instances: Readonly<Record<string, number>>) {
  const socket = createSocket('udp4');
  socket.on('message', (_, from) => {
    const text = Object.entries(instances)
      .map(([name, port]) => `ServerName;R4;InstanceName;${name};IsClustered;No;Version;10.50.4000.0;tcp;${port};;`)
      .join('');
    const header = Buffer.from([5, text.length & 0xff, text.length >> 8]);
    socket.send(Buffer.concat([header, Buffer.from(text, 'latin1')]), from.port, from.address);
  });
  await new Promise<void>((resolve) => void socket.bind(0, '127.0.0.1', resolve));
  const { port } = socket.address() as AddressInfo;
  return { port, [Symbol.asyncDispose]: () => new Promise<void>((resolve) => void socket.close(() => resolve())) };
}

function memoryNotes() {
  const kept = new Map<string, string>();
  return {
    get: (key: string) => kept.get(key) ?? null,
    set: (key: string, value: string) => void kept.set(key, value),
    kept,
  };
}

const login = { user: 'flynotes_reader', password: 'reader-password' };
const deps = (notes = memoryNotes()) => ({ clock: createSystemClock(), log: createMemoryLog(), notes });

test('over TCP: the instance that holds R4’s database is found, remembered, and found anew when it has moved', async () => {
  await using other = await createR4Server({ patients: 1, seed: 1 });
  (other.engine as unknown as { dropDatabase(name: string): void }).dropDatabase('sys2000');
  const r4 = await createR4Server({ patients: 30, seed: 7 });
  const instances: Record<string, number> = { OTHER: other.port, R4: r4.port };
  await using browser = await startBrowser(instances);
  const notes = memoryNotes();
  const connector = createPracticeConnector(deps(notes), { database: login, browserPort: browser.port, tries: 1 });
  {
    await using reader = await connector.open(signal);
    expect((await reader.readBasicsPage(null, 100, signal)).rows).toHaveLength(30);
    expect(JSON.parse(notes.kept.get('practice.found') ?? '')).toEqual({ address: { server: '.', port: r4.port } });

    await r4.close();
    await using moved = await createR4Server({ patients: 40, seed: 7 });
    instances['R4'] = moved.port;
    expect(moved.port).not.toBe(r4.port);
    // What breaks the connection is told; the next call searches.
    await reader.readBasicsPage(null, 100, signal).catch(() => undefined);
    await reader.readBasicsPage(null, 100, signal).catch(() => undefined);
    expect((await reader.readBasicsPage(null, 100, signal)).rows).toHaveLength(40);
    expect(JSON.parse(notes.kept.get('practice.found') ?? '')).toEqual({ address: { server: '.', port: moved.port } });
    await moved.close();
  }
});

test('nothing is there: what was tried and why it was not it, and nothing of the login', async () => {
  await using browser = await startBrowser({});
  const connector = createPracticeConnector(deps(), {
    database: login,
    browserPort: browser.port,
    connectTimeoutMs: 500,
  });
  const failure = await connector.open(signal).catch((error: unknown) => error);
  if (!isAgentError(failure)) throw new Error('nothing failed');
  expect(failure.code).toMatch(/^PRACTICE_(?:NOT_FOUND|UNREACHABLE)$/);
  expect(failure.details['tried']).toContain('.: PRACTICE_UNREACHABLE');
  expect(failure.message).not.toMatch(/flynotes_reader|reader-password/);
});

test('a search that takes too long tells what it tried until then', async () => {
  let places = 0;
  const connector = createPracticeConnector(deps(), {
    database: {},
    searchMs: 100,
    probes: {
      odbcDrivers: () => Promise.resolve(['SQL Server']),
      instances: () => Promise.resolve([]),
      tryOut(target, within) {
        places += 1;
        if (places === 1) return Promise.reject(new AgentError('PRACTICE_UNREACHABLE'));
        // A driver that never comes back.
        return new Promise((_, reject) =>
          within.addEventListener('abort', () => reject(new Error(`given up at ${target.driver}`))),
        );
      },
    },
  });
  const failure = await connector.open(signal).catch((error: unknown) => error);
  expect(isAgentError(failure) && [failure.code, failure.details]).toEqual([
    'PRACTICE_NOT_FOUND',
    { reason: 'the search took too long', timeoutMs: 100, tried: '. by SQL Server: PRACTICE_UNREACHABLE' },
  ]);
});

describe('a named instance', () => {
  for (const driver of testDrivers) {
    test.runIf(driver.present)(`is not found, over ${driver.title}`, async () => {
      await using silent = await startBrowser({});
      const database = driver.string('Server=127.0.0.1\\NOPE;UID=a;PWD=b;Encrypt=no');
      const connector = createPracticeConnector(deps(), { database, browserPort: silent.port, connectTimeoutMs: 700 });
      const failure = await connector.open(signal).catch((error: unknown) => error);
      expect(isAgentError(failure) && [failure.code, failure.details['host']]).toEqual([
        'PRACTICE_INSTANCE_NOT_FOUND',
        '127.0.0.1\\NOPE',
      ]);
    });
  }

  test('is reached by the port that Browser tells', async () => {
    await using r4 = await createR4Server({ patients: 30, seed: 7 });
    await using browser = await startBrowser({ R4: r4.port });
    const database = `Server=127.0.0.1\\r4;UID=${login.user};PWD=${login.password};Encrypt=no`;
    await using reader = await createPracticeConnector(deps(), { database, browserPort: browser.port }).open(signal);
    expect((await reader.readBasicsPage(null, 100, signal)).rows).toHaveLength(30);
  });
});

const odbc = testDrivers.find(({ name }) => name === 'msnodesqlv8');
test.runIf(odbc?.present)(`over ODBC the driver is found too: ${odbc?.title}`, async () => {
  await using r4 = await createR4Server({ patients: 30, seed: 7 });
  const notes = memoryNotes();
  const connector = createPracticeConnector(deps(notes), {
    database: { server: '127.0.0.1', port: r4.port, ...login, driver: 'msnodesqlv8' },
  });
  await using reader = await connector.open(signal);
  expect((await reader.readBasicsPage(null, 100, signal)).rows).toHaveLength(30);
  expect(JSON.parse(notes.kept.get('practice.found') ?? '')).toEqual({
    address: { server: '127.0.0.1', port: r4.port },
    driver: 'FreeTDS',
  });
});
