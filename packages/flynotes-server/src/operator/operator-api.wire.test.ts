// oxlint-disable typescript/no-unsafe-member-access -- answers of every shape are looked into
import { ReceiveMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { parseMessage } from '@flynotes/carestream-server/messages';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { FlynotesServer } from '../index.ts';
import { samplePatient } from '../testing/sample-patients.ts';
import {
  addPractice,
  databaseKinds,
  databaseSource,
  operatorToken,
  send,
  startQueues,
  startServer,
} from '../testing/server-under-test.ts';
import type { PracticeUnderTest } from '../testing/server-under-test.ts';

describe.each(databaseKinds)('the operator API on %s', (kind) => {
  const source = databaseSource(kind);
  let server: FlynotesServer | null = null;
  let queues: Awaited<ReturnType<typeof startQueues>>;

  beforeAll(async () => {
    queues = await startQueues();
    const database = await source.fresh();
    if (database !== null)
      server = await startServer({ database, queue: queues.options, deskUrl: 'http://127.0.0.1:1' });
  });
  afterAll(async () => {
    await server?.close();
    await queues[Symbol.asyncDispose]();
    await source[Symbol.asyncDispose]();
  });
  const operatorTest = (
    name: string,
    body: (practice: PracticeUnderTest, server: FlynotesServer) => Promise<void>,
  ): void =>
    it(name, async (context) => {
      if (server === null) return context.skip('PostgreSQL is not installed');
      await body(await addPractice(server), server);
    });
  const create = (server: FlynotesServer, json: object) =>
    send(`${server.url}/v1/operator/practices`, { method: 'POST', token: operatorToken, json });

  operatorTest('creates practices, with a key that is kept as a hash alone', async (practice, server) => {
    const made = await create(server, { name: 'Çà et Là – Zahnärzte', timeZone: 'Europe/Berlin' });
    expect(made.body.practice.id).toMatch(/^ca-et-la-zahnarzte-[0-9a-f]{6}$/);
    expect(made.body.licenceKey).toMatch(/^fln_[0-9a-hjkmnp-tv-z]{52}$/);
    const kept = await server.database.query(`select * from practices where id = $1`, [made.body.practice.id]);
    expect(JSON.stringify(kept)).not.toContain(made.body.licenceKey.slice(4));
    expect(await create(server, { name: 'x', id: practice.id })).toMatchObject({
      status: 409,
      body: { code: 'PRACTICE_ID_TAKEN' },
    });
    for (const [json, field] of [
      [{ name: ' ' }, 'name'],
      [{ name: 'x', timeZone: 'Europe/Atlantis' }, 'timeZone'],
      [{ name: 'x', id: 'Not An Id' }, 'id'],
      [{ name: 'a\u0000b' }, 'name'],
    ] as const) {
      expect(await create(server, json)).toMatchObject({
        status: 400,
        body: { code: 'REQUEST_INVALID', fields: [field] },
      });
    }
    const listed = await send(`${server.url}/v1/operator/practices`, { token: operatorToken });
    expect(listed.body.practices.map(({ id }: { id: string }) => id)).toContain(practice.id);
  });

  operatorTest('sends every type of message, and only valid ones', async (practice, server) => {
    await using listening = {
      client: new SQSClient({
        region: 'eu-west-2',
        endpoint: queues.endpoint,
        credentials: { accessKeyId: 'a', secretAccessKey: 'b' },
      }),
      async [Symbol.asyncDispose]() {
        this.client.destroy();
      },
    };
    const sent = await practice.operator('POST', '/messages', { type: 'patient-sync', patientCode: 1_000_123 });
    expect(sent.status).toBe(200);
    const { body: view } = await practice.operator('GET', '');
    const received = await listening.client.send(
      new ReceiveMessageCommand({ QueueUrl: view.queueUrl, WaitTimeSeconds: 2 }),
    );
    expect(received.Messages?.[0]?.MessageId).toBe(sent.body.messageId);
    expect(parseMessage(received.Messages?.[0]?.Body ?? '')).toMatchObject({
      outcome: 'message',
      message: { type: 'patient-sync', patientCode: 1_000_123, requestedAt: sent.body.requestedAt, schemaVersion: 1 },
    });
    for (const type of [
      'bulk-upload-patients',
      'restart',
      'test',
      'questionnaire-questions-upload',
      'questionnaire-answers-upload',
    ]) {
      expect((await practice.operator('POST', '/messages', { type })).status).toBe(200);
    }
    expect(await practice.operator('POST', '/messages', { type: 'patient-sync' })).toMatchObject({
      status: 400,
      body: { fields: ['patientCode'] },
    });
    expect((await practice.operator('POST', '/messages', { type: 'format-disk' })).status).toBe(400);
    const unknown = await send(`${server.url}/v1/operator/practices/none/messages`, {
      method: 'POST',
      token: operatorToken,
      json: { type: 'test' },
    });
    expect(unknown.status).toBe(404);

    await practice.agent('POST', '/v1/command-results', {
      messageId: sent.body.messageId,
      type: 'patient-sync',
      outcome: 'not-found',
      at: new Date().toISOString(),
      legs: {},
    });
    const { body } = await practice.operator('GET', '/command-results');
    expect(body.commands).toHaveLength(6);
    const found = body.commands.find(({ messageId }: { messageId: string }) => messageId === sent.body.messageId);
    expect(found).toMatchObject({ type: 'patient-sync', patientCode: 1_000_123, result: { outcome: 'not-found' } });
  });

  operatorTest('tells how long patient-syncs took, leg by leg, over a window', async (practice, server) => {
    const result = (n: number, more: object) => ({
      messageId: `times-${n}`,
      type: 'patient-sync',
      outcome: 'done',
      patientCode: n,
      requestedAt: '2026-01-05T08:00:00.000Z',
      at: new Date(Date.UTC(2026, 0, 5, 8) + n).toISOString(),
      legs: { queuedMs: 2 * n, dispatchedMs: 0.25, readMs: n, mappedMs: 0, uploadedMs: 7 },
      ...more,
    });
    expect((await practice.operator('GET', '/patient-sync-times')).body).toMatchObject({
      window: { results: 0, done: 0, notFound: 0, failed: 0 },
      legs: {},
    });
    for (let n = 1; n <= 101; n++) await practice.agent('POST', '/v1/command-results', result(n, {}));
    await practice.agent('POST', '/v1/command-results', result(200, { outcome: 'not-found' }));
    await practice.agent('POST', '/v1/command-results', result(201, { outcome: 'failed', code: 'PRACTICE_TIMEOUT' }));
    // What others do does not count.
    await practice.agent('POST', '/v1/command-results', result(202, { type: 'test', legs: { queuedMs: 9_999 } }));
    const { body } = await practice.operator('GET', '/patient-sync-times');
    expect(body.window).toMatchObject({ results: 103, done: 101, notFound: 1, failed: 1 });
    expect(Date.parse(body.window.to) - Date.parse(body.window.from)).toBe(24 * 3_600_000);
    expect(body.legs).toEqual({
      queuedMs: { p50: 102, p95: 192, p99: 200, count: 101 },
      dispatchedMs: { p50: 0.25, p95: 0.25, p99: 0.25, count: 101 },
      readMs: { p50: 51, p95: 96, p99: 100, count: 101 },
      mappedMs: { p50: 0, p95: 0, p99: 0, count: 101 },
      uploadedMs: { p50: 7, p95: 7, p99: 7, count: 101 },
      totalMs: { p50: 51, p95: 96, p99: 100, count: 101 },
    });
    await server.database.query(
      `update command_results set received_at = received_at - interval '2 hours' where message_id <> 'times-101'`,
    );
    const recent = await practice.operator('GET', '/patient-sync-times?hours=1');
    expect(recent.body).toMatchObject({ window: { results: 1 }, legs: { readMs: { p50: 101, count: 1 } } });
    expect((await practice.operator('GET', '/patient-sync-times?hours=0')).status).toBe(400);
    expect((await practice.operator('GET', '/patient-sync-times?hours=9999')).status).toBe(400);
  });

  operatorTest('finds patients by number and by parts of the name, a page at a time', async (practice) => {
    const passId = (await practice.agent('POST', '/v1/bulk-passes', { reason: 'scheduled' })).body.passId as string;
    const names = ['Owen', 'O’Neill 100%', 'Ołówek', 'Öwen'];
    const patients = names.map((surname, index) => ({
      readSequence: 1,
      basics: samplePatient(index + 1, { surname, forename: 'Ada' }),
    }));
    await practice.agent('POST', `/v1/bulk-passes/${passId}/batches`, { n: 0, round: 0, patients, removals: [] });
    const codes = async (query: string): Promise<number[]> =>
      (await practice.operator('GET', `/patients?${query}`)).body.patients.map(
        ({ patientCode }: { patientCode: number }) => patientCode,
      );
    expect(await codes('')).toEqual([1, 2, 3, 4]);
    expect(await codes('limit=2')).toEqual([1, 2]);
    expect(await codes('limit=2&after=2')).toEqual([3, 4]);
    expect(await codes('search=OWEN')).toEqual([1]);
    expect(await codes('search=ada%20o%C5%82')).toEqual([3]);
    expect(await codes('search=100%25')).toEqual([2]);
    expect(await codes('search=%25')).toEqual([2]);
    expect(await codes('search=4')).toEqual([4]);
    expect(await codes('search=nobody')).toEqual([]);
  });

  operatorTest('tells who arrived lately, newest first, and nobody of another practice', async (practice) => {
    const arrivals = async (query = ''): Promise<unknown[]> =>
      (await practice.operator('GET', `/arrivals${query}`)).body.arrivals;
    expect(await arrivals()).toEqual([]);
    const passId = (await practice.agent('POST', '/v1/bulk-passes', { reason: 'scheduled' })).body.passId as string;
    const patients = [1, 2, 3].map((code) => ({ readSequence: 1, basics: samplePatient(code, { surname: 'Vale' }) }));
    await practice.agent('POST', `/v1/bulk-passes/${passId}/batches`, { n: 0, round: 0, patients, removals: [] });
    const removals = [{ patientCode: 2, readSequence: 2 }];
    await practice.agent('POST', `/v1/bulk-passes/${passId}/batches`, { n: 1, round: 0, patients: [], removals });
    expect(await arrivals()).toMatchObject([
      { patientCode: 2, kind: 'removed', name: null },
      { patientCode: 3, kind: 'inserted', name: expect.stringContaining('Vale') as string },
      { patientCode: 2, kind: 'inserted' },
      { patientCode: 1, kind: 'inserted' },
    ]);
    expect(await arrivals('?limit=1')).toHaveLength(1);
  });

  operatorTest('shows dead letters by their shape, never by what stands in them', async (practice) => {
    const { body: view } = await practice.operator('GET', '');
    const client = new SQSClient({
      region: 'eu-west-2',
      endpoint: queues.endpoint,
      credentials: { accessKeyId: 'a', secretAccessKey: 'b' },
    });
    const { SendMessageCommand } = await import('@aws-sdk/client-sqs');
    const body = JSON.stringify({ type: 'patient-sync', patientCode: 'SECRET', SECRET: 1 });
    await client.send(new SendMessageCommand({ QueueUrl: `${view.queueUrl}-dead-letters`, MessageBody: body }));
    client.destroy();
    const letters = await practice.operator('GET', '/dead-letters');
    expect(letters.body).toMatchObject({
      count: 1,
      letters: [
        {
          sizeBytes: body.length,
          shape: {
            outcome: 'invalid',
            reason: 'invalid-fields',
            type: null,
            fields: { type: 'string', patientCode: 'string' },
          },
        },
      ],
    });
    expect(JSON.stringify(letters.body)).not.toContain('SECRET');
  });

  operatorTest('serves page, configuration and documentation', async (practice, server) => {
    const page = await fetch(server.url);
    expect(page.headers.get('content-type')).toMatch(/^text\/html/);
    expect(page.headers.get('content-security-policy')).toContain("connect-src 'self' http://127.0.0.1:1;");
    expect(page.headers.get('content-security-policy')).toContain("frame-ancestors 'none'");
    for (const path of ['/', '/page.js', '/v1/operator/practices', '/nothing', '/docs/']) {
      const { headers } = await fetch(server.url + path, { headers: { origin: 'http://other.example.com' } });
      expect(headers.get('x-content-type-options')).toBe('nosniff');
      expect(headers.get('content-security-policy')).toContain("frame-ancestors 'none'");
      expect(headers.get('access-control-allow-origin')).toBe(null);
    }
    const config = await send(`${server.url}/console/config.json`);
    expect(config.body).toMatchObject({ deskUrl: 'http://127.0.0.1:1' });
    expect(config.body.practices).toContainEqual({ id: practice.id, name: 'Highgate' });
    expect((await send(`${server.url}/docs/`)).status).toBe(200);
    const { body: api } = await send(`${server.url}/docs/json`);
    expect(api.openapi).toBe('3.1.0');
    const row =
      api.paths['/v1/bulk-passes/{passId}/batches'].post.requestBody.content['application/json'].schema.properties
        .patients;
    expect(row.items.properties.basics.properties.surname.type).toBe('string');
  });
});
