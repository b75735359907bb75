// oxlint-disable typescript/no-unsafe-member-access -- answers of every shape are looked into
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { FlynotesServer, ServerEvent } from '../index.ts';
import { eventSchema } from '../index.ts';
import { currentCursor, readEvents } from './read-events.ts';
import { maintain } from '../maintenance/index.ts';
import { samplePatient, samplePatients } from '../testing/sample-patients.ts';
import {
  addPractice,
  databaseKinds,
  databaseSource,
  operatorToken,
  startServer,
} from '../testing/server-under-test.ts';

describe.each(databaseKinds)('the stream of events on %s', (kind) => {
  const source = databaseSource(kind);
  let server: FlynotesServer | null = null;
  /** On PostgreSQL a second process's part: another server on the same database. */
  let second: FlynotesServer | null = null;

  beforeAll(async () => {
    const database = await source.fresh();
    if (database === null) return;
    const [one, two] = await Promise.all([
      startServer({ database }),
      kind === 'postgres' ? startServer({ database }) : null,
    ]);
    server = one;
    second = two;
  });
  afterAll(async () => {
    await second?.close();
    await server?.close();
    await source[Symbol.asyncDispose]();
  });

  it('tells what happens, in order, one event per changed patient', async (context) => {
    if (server === null) return context.skip('PostgreSQL is not installed');
    const practice = await addPractice(server);
    const stranger = await addPractice(server);
    await using reader = await listen(server, practice.id);
    await using everybody = await listen(second ?? server, null);
    const passId = (await practice.agent('POST', '/v1/bulk-passes', { reason: 'requested' })).body.passId as string;
    await stranger.agent('POST', '/v1/bulk-passes', { reason: 'requested' });
    const batch = (n: number, patients: object[], removals: object[] = []) =>
      practice.agent('POST', `/v1/bulk-passes/${passId}/batches`, { n, round: 0, patients, removals });
    await batch(
      0,
      samplePatients(1, 3).map((basics) => ({ readSequence: 1, basics })),
    );
    await batch(
      1,
      [
        { readSequence: 2, basics: samplePatient(1) },
        { readSequence: 2, basics: samplePatient(2, { surname: 'Renamed' }) },
      ],
      [{ patientCode: 3, readSequence: 2 }],
    );
    await practice.agent('PUT', '/v1/patients/4', {
      readSequence: 9,
      record: { basics: samplePatient(4), medicalAlerts: [], questionnaires: [] },
    });

    const events = await reader.take(9);
    expect(
      events.map(({ body }) => (body.type === 'patient-changed' ? `${body.kind} ${body.patientCode}` : body.type)),
    ).toEqual([
      'pass-started',
      'inserted 1',
      'inserted 2',
      'inserted 3',
      'batch-accepted',
      'updated 2',
      'removed 3',
      'batch-accepted',
      'full-record 4',
    ]);
    expect(events[5]).toMatchObject({ practiceId: practice.id, body: { name: 'Ms Nia2 Renamed' } });
    expect(events[6]).toMatchObject({ body: { name: null } });
    expect((await everybody.take(10)).filter(({ practiceId }) => practiceId === stranger.id)).toHaveLength(1);

    // A reader that was away goes on where it was; one that begins now sees nothing old.
    await using resumed = await listen(server, practice.id, reader.cursorAfter(4));
    expect((await resumed.take(5)).map(({ body }) => body.type)).toEqual([
      'batch-accepted',
      'patient-changed',
      'patient-changed',
      'batch-accepted',
      'patient-changed',
    ]);
    await using fresh = await listen(server, practice.id);
    await practice.agent('POST', '/v1/bulk-passes', { reason: 'scheduled' });
    expect((await fresh.take(1))[0]?.body.type).toBe('pass-started');
  });

  it('passes by what happens to other practices, and goes on from there', async (context) => {
    if (server === null) return context.skip('PostgreSQL is not installed');
    const { database } = server;
    const [quiet, busy] = [await addPractice(server), await addPractice(server)];
    const begun = await currentCursor(database);
    await busy.agent('POST', '/v1/bulk-passes', { reason: 'scheduled' });
    const look = { practiceId: quiet.id, rowsMost: 10 };
    await expect
      .poll(async () => {
        const { events, next } = await readEvents(database, begun, look);
        const after = await readEvents(database, next, { ...look, practiceId: null });
        return [events.length, after.events.length];
      })
      .toEqual([0, 0]);
    const { next } = await readEvents(database, begun, look);
    await quiet.agent('POST', '/v1/bulk-passes', { reason: 'scheduled' });
    await expect.poll(async () => (await readEvents(database, next, look)).events.length).toBe(1);
  });

  it('tells a reader that comes back too late, or to another database, that it missed something', async (context) => {
    if (server === null) return context.skip('PostgreSQL is not installed');
    const practice = await addPractice(server);
    const early = await currentCursor(server.database);
    await practice.agent('POST', '/v1/bulk-passes', { reason: 'scheduled' });
    const first = async (place: string): Promise<string> => {
      const leave = new AbortController();
      const answer = await fetch(`${server!.url}/v1/operator/events`, {
        headers: { authorization: `Bearer ${operatorToken}`, 'last-event-id': place },
        signal: leave.signal,
      });
      const chunks = answer.body!.pipeThrough(new TextDecoderStream()).getReader();
      let text = '';
      while (!text.includes('event: ')) {
        const { value, done } = await chunks.read();
        if (done) throw new Error(`the stream ended after ${text}`);
        text += value;
      }
      await chunks.cancel();
      leave.abort();
      return text;
    };
    expect(await first(early)).toContain('event: pass-started');
    expect(await first('999999999-1')).toContain('event: missed');
    await server.database.query(`update events set at = now() - interval '8 days'`);
    await maintain({ database: server.database, practices: server.practices });
    expect(await first(early)).toContain('event: missed');
  });

  // PGlite has one connection: there no transaction can end later than another one that began after it.
  const twoConnections = kind === 'postgres' ? it : () => undefined;
  twoConnections('skips nothing of a transaction that ends late', async (context) => {
    if (server === null) return context.skip('PostgreSQL is not installed');
    const practice = await addPractice(server);
    await using reader = await listen(server, practice.id);
    const entered = Promise.withResolvers<void>();
    const leave = Promise.withResolvers<void>();
    const insert = `insert into events (practice_id, type, body) values ($1, 'licence-opened', $2::text::jsonb)`;
    const body = (name: string) => JSON.stringify({ type: 'licence-opened', version: name, dictated: name });
    // The slow one takes the lower number and ends after the quick one.
    const slow = server.database.transaction(async (sql) => {
      await sql.query(insert, [practice.id, body('slow')]);
      entered.resolve();
      await leave.promise;
    });
    await entered.promise;
    await server.database.query(insert, [practice.id, body('quick')]);
    setTimeout(leave.resolve, 300);
    await slow;
    const told = await reader.take(2);
    expect(told.map((event) => (event.body.type === 'licence-opened' ? event.body.version : '')).sort()).toEqual([
      'quick',
      'slow',
    ]);
  });
});

/** Reads a stream as a browser would. */
async function listen(server: FlynotesServer, practiceId: string | null, after?: string) {
  const aborted = new AbortController();
  const query = practiceId === null ? '' : `?practice=${practiceId}`;
  const answer = await fetch(`${server.url}/v1/operator/events${query}`, {
    signal: aborted.signal,
    headers: {
      authorization: `Bearer ${operatorToken}`,
      ...(after === undefined ? {} : { 'last-event-id': after }),
    },
  });
  expect(answer.headers.get('content-type')).toMatch(/^text\/event-stream/);
  const chunks = answer.body!.pipeThrough(new TextDecoderStream()).getReader();
  const told: { cursor: string; event: ServerEvent }[] = [];
  let rest = '';
  let taken = 0;
  const readOn = async (): Promise<void> => {
    const { value, done } = await chunks.read();
    if (done) throw new Error('the stream ended');
    const blocks = (rest + value).split('\n\n');
    rest = blocks.pop() ?? '';
    for (const block of blocks) {
      const field = (name: string) =>
        block
          .split('\n')
          .find((line) => line.startsWith(`${name}: `))
          ?.slice(name.length + 2);
      const data = field('data');
      if (data === undefined) continue;
      const event = eventSchema.parse(JSON.parse(data));
      expect(field('event')).toBe(event.body.type);
      told.push({ cursor: field('id') ?? '', event });
    }
  };
  // The first block says that events follow: what happens from here on is told.
  await readOn();
  return {
    async take(count: number): Promise<ServerEvent[]> {
      while (told.length < taken + count) await readOn();
      taken += count;
      return told.slice(taken - count, taken).map(({ event }) => event);
    },
    cursorAfter: (count: number) => told[count - 1]?.cursor ?? '',
    async [Symbol.asyncDispose]() {
      await chunks.cancel().catch(() => undefined);
      aborted.abort();
    },
  };
}
