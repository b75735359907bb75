// oxlint-disable typescript/no-unsafe-member-access -- answers of every shape are looked into
import { createPublicKey, verify } from 'node:crypto';
import {
  directiveSchema,
  heartbeatSchema,
  licenceAnswerSchema,
  signatureContexts,
} from '@flynotes/carestream-server/api';
import type { CommandResult, Heartbeat } from '@flynotes/carestream-server/api';
import { version } from '@flynotes/carestream-server';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { FlynotesServer } from './index.ts';
import { createPracticeDigester } from './ingest/index.ts';
import { samplePatient, samplePatients } from './testing/sample-patients.ts';
import {
  addPractice,
  databaseKinds,
  databaseSource,
  operatorToken,
  send,
  startQueues,
  startServer,
} from './testing/server-under-test.ts';
import type { PracticeUnderTest } from './testing/server-under-test.ts';

const licenceRequest = {
  nonce: 'n'.repeat(22),
  version: '0.1.0',
  hostVersion: null,
  platform: 'win32 x64',
  canonicalVersions: [1, 7],
  stateSchema: 1,
};

describe.each(databaseKinds)('the agent’s calls on %s', (kind) => {
  const source = databaseSource(kind);
  let server: FlynotesServer | null = null;
  let queues: Awaited<ReturnType<typeof startQueues>>;

  beforeAll(async () => {
    queues = await startQueues();
    const database = await source.fresh();
    if (database === null) return;
    server = await startServer({
      database,
      queue: queues.options,
      rollbar: { accessToken: 'submit-only', environment: 'test', level: 'info' },
    });
  });
  afterAll(async () => {
    await server?.close();
    await queues[Symbol.asyncDispose]();
    await source[Symbol.asyncDispose]();
  });

  const practiceTest = (
    name: string,
    body: (practice: PracticeUnderTest, server: FlynotesServer) => Promise<void>,
  ): void =>
    it(name, async (context) => {
      if (server === null) return context.skip('PostgreSQL is not installed');
      await body(await addPractice(server), server);
    });
  const beginPass = async (practice: PracticeUnderTest): Promise<string> =>
    (await practice.agent('POST', '/v1/bulk-passes', { reason: 'scheduled' })).body.passId;

  practiceTest(
    'answer about the licence, signed, with a sequence that only grows',
    async (practice, { signingKey }) => {
      const first = await practice.agent('POST', '/v1/licence', licenceRequest);
      const second = await practice.agent('POST', '/v1/licence', { ...licenceRequest, nonce: 'm'.repeat(22) });
      expect(first.status).toBe(200);
      const answer = licenceAnswerSchema.parse(first.body);
      expect(answer.practice).toEqual({ id: practice.id, name: 'Highgate', timeZone: 'Europe/London' });
      expect(answer.queue.endpoint).toBe(queues.endpoint);
      expect(answer.digest.canonicalVersion).toBe(1);
      expect(answer.rollbar?.accessToken).toBe('submit-only');
      expect(answer.releaseManifest).toBeNull();
      expect(answer.highestReadSequence).toBe(0);
      expect(queues.asked.at(-1)).toEqual({ queueUrl: answer.queue.url, durationS: 129_600 });
      const publicKey = createPublicKey({
        key: Buffer.from(signingKey.publicKey, 'base64'),
        format: 'der',
        type: 'spki',
      });
      const directives = [first, second].map(({ body }) => {
        const { payload, signature, keyId } = body.directive as { payload: string; signature: string; keyId: string };
        expect(keyId).toBe(signingKey.keyId);
        const bytes = Buffer.concat([Buffer.from(signatureContexts.directive), Buffer.from(payload, 'base64')]);
        expect(verify(null, bytes, publicKey, Buffer.from(signature, 'base64'))).toBe(true);
        return directiveSchema.parse(JSON.parse(Buffer.from(payload, 'base64').toString()));
      });
      expect(directives.map(({ nonce }) => nonce)).toEqual(['n'.repeat(22), 'm'.repeat(22)]);
      // Begins at the clock's seconds, so that a server restored from a backup is not behind what it gave out.
      const [one = 0, other = 0] = directives.map(({ sequence }) => sequence);
      expect(one).toBeGreaterThan(Date.parse('2026-01-01T00:00:00Z') / 1000);
      expect(other).toBeGreaterThan(one);
      expect(directives[0]).toMatchObject({ practice: practice.id, version, attempt: 1, floor: '0.0.0' });
    },
  );

  practiceTest('dictate the pinned version, and the installed one again', async (practice) => {
    const dictated = async (): Promise<string> => {
      const { body } = await practice.agent('POST', '/v1/licence', licenceRequest);
      return JSON.parse(Buffer.from(body.directive.payload, 'base64').toString()).version;
    };
    expect((await practice.operator('PUT', '/version', { version: '9.9.9-beta.1' })).status).toBe(200);
    expect(await dictated()).toBe('9.9.9-beta.1');
    await practice.operator('PUT', '/version', { version: null });
    expect(await dictated()).toBe(version);
  });

  practiceTest('store a batch once, answer a repeat alike, refuse other content under its number', async (practice) => {
    const passId = await beginPass(practice);
    const batch = {
      n: 0,
      round: 0,
      patients: samplePatients(1, 50).map((basics, index) => ({ readSequence: index + 1, basics })),
      removals: [],
    };
    const path = `/v1/bulk-passes/${passId}/batches`;
    const first = await practice.agent('POST', path, batch);
    expect(first).toMatchObject({
      status: 200,
      body: { changed: 50, unchanged: 0, stale: 0, removed: 0, refused: [] },
    });
    expect((await practice.agent('POST', path, batch)).body).toEqual(first.body);
    const other = await practice.agent('POST', path, { ...batch, patients: batch.patients.slice(1) });
    expect(other).toMatchObject({ status: 409, type: 'application/problem+json', body: { code: 'BATCH_CONFLICT' } });
    const again = batch.patients.map(({ basics }, index) => ({ readSequence: 100 + index, basics }));
    const next = await practice.agent('POST', path, { ...batch, n: 1, patients: again });
    expect(next.body).toMatchObject({ changed: 0, unchanged: 50 });
    const resumed = await practice.agent('POST', '/v1/bulk-passes', { reason: 'requested' });
    expect(resumed.body).toMatchObject({ passId, resumed: true, nextBatch: 2 });
  });

  practiceTest('refuse single rows with code and fields, never values', async (practice, { url }) => {
    const passId = await beginPass(practice);
    const answer = await practice.agent('POST', `/v1/bulk-passes/${passId}/batches`, {
      n: 0,
      round: 0,
      patients: [
        { readSequence: 1, basics: samplePatient(1) },
        { readSequence: 2, basics: { patientCode: 2 } },
        { readSequence: 3, basics: samplePatient(3, { dateOfBirth: 'SECRET-BIRTHDAY', surname: 'SECRET\u0000' }) },
        { readSequence: 4, basics: { ...samplePatient(4), patientCode: -4 } },
        { readSequence: 0, basics: samplePatient(5) },
        'SECRET-ROW',
        null,
        { readSequence: 6, basics: { ...samplePatient(6), phones: [{ kind: 'SECRET', number: '\ud800' }] } },
        { readSequence: 7, basics: samplePatient(7, { surname: 'Þórsdóttir 😀' }) },
      ],
      removals: [{ patientCode: 'SECRET-CODE', readSequence: 1 }],
    });
    expect(answer.status).toBe(200);
    expect(answer.body.changed).toBe(2);
    expect(answer.body.refused).toEqual([
      { patientCode: 2, index: 1, code: 'NAME_MISSING', fields: ['basics.surname'] },
      { patientCode: 3, index: 2, code: 'RECORD_INVALID', fields: ['basics.dateOfBirth', 'basics.surname'] },
      { patientCode: null, index: 3, code: 'PATIENT_CODE_INVALID', fields: ['basics.patientCode'] },
      { patientCode: 5, index: 4, code: 'RECORD_INVALID', fields: ['readSequence'] },
      { patientCode: null, index: 5, code: 'PATIENT_CODE_INVALID', fields: [''] },
      { patientCode: null, index: 6, code: 'PATIENT_CODE_INVALID', fields: [''] },
      { patientCode: 6, index: 7, code: 'RECORD_INVALID', fields: ['basics.phones.0.kind', 'basics.phones.0.number'] },
      { patientCode: null, index: 9, code: 'PATIENT_CODE_INVALID', fields: ['patientCode'] },
    ]);
    expect(JSON.stringify(answer.body)).not.toContain('SECRET');
    const listed = await practice.operator('GET', `/passes/${passId}/refusals`);
    expect(listed.body.refusals).toHaveLength(8);
    expect(JSON.stringify(listed.body)).not.toContain('SECRET');
    const kept = await send(`${url}/v1/operator/practices/${practice.id}/patients/7`, { token: operatorToken });
    expect(kept.body.basics.surname).toBe('Þórsdóttir 😀');
  });

  practiceTest('keep the newest record in whichever order they come, tombstones included', async (practice) => {
    const passId = await beginPass(practice);
    let n = 0;
    const batch = (patients: object[], removals: object[] = []) =>
      practice.agent('POST', `/v1/bulk-passes/${passId}/batches`, { n: n++, round: 0, patients, removals });
    const put = (readSequence: number, surname: string) =>
      practice.agent('PUT', '/v1/patients/7', {
        readSequence,
        record: { basics: samplePatient(7, { surname }), medicalAlerts: [], questionnaires: [] },
      });
    const held = async () => (await practice.operator('GET', '/patients/7')).body;

    await batch([{ readSequence: 10, basics: samplePatient(7, { surname: 'Page' }) }]);
    expect((await put(12, 'Single')).body.outcome).toBe('stored');
    expect(
      (await batch([{ readSequence: 11, basics: samplePatient(7, { surname: 'Late page' }) }])).body,
    ).toMatchObject({ stale: 1, changed: 0 });
    expect((await held()).basics.surname).toBe('Single');

    await batch([{ readSequence: 20, basics: samplePatient(7, { surname: 'Newer page' }) }]);
    const late = await put(19, 'Late single');
    expect(late.body.outcome).toBe('stale');
    expect(late.body.digest).toBe((await held()).digest);
    expect((await held()).basics.surname).toBe('Newer page');

    expect((await batch([], [{ patientCode: 7, readSequence: 30 }])).body.removed).toBe(1);
    expect((await put(29, 'Ghost')).body.outcome).toBe('stale');
    expect((await batch([{ readSequence: 25, basics: samplePatient(7) }])).body.stale).toBe(1);
    expect(await held()).toMatchObject({ state: 'removed', basics: null, fullRecord: null, digest: null });
    expect((await batch([], [{ patientCode: 7, readSequence: 31 }])).body.removed).toBe(0);

    // A removal that comes before the page on which the patient still stood.
    await batch([], [{ patientCode: 8, readSequence: 40 }]);
    expect((await batch([{ readSequence: 39, basics: samplePatient(8) }])).body.stale).toBe(1);
    expect((await put(50, 'Back')).body.outcome).toBe('stored');
    expect(await held()).toMatchObject({ state: 'held', readSequence: 50 });
    const { body } = await practice.agent('POST', '/v1/licence', licenceRequest);
    expect(body.highestReadSequence).toBe(50);
  });

  practiceTest('keep the history of a full record that newer basics overtook, and tell of it', async (practice) => {
    const passId = await beginPass(practice);
    const batch = (n: number, rows: object) =>
      practice.agent('POST', `/v1/bulk-passes/${passId}/batches`, { n, round: 0, patients: [], removals: [], ...rows });
    const put = async (readSequence: number, alert: string) => {
      const basics = samplePatient(7, { surname: 'Single' });
      const record = { basics, medicalAlerts: [{ text: alert }], questionnaires: [] };
      return (await practice.agent('PUT', '/v1/patients/7', { readSequence, record })).body;
    };
    const held = async () => (await practice.operator('GET', '/patients/7')).body;
    const page = (readSequence: number) => [{ readSequence, basics: samplePatient(7, { surname: 'Page' }) }];

    await batch(0, { patients: page(20) });
    const before = await held();
    expect(before.fullRecord?.medicalAlerts).toBeUndefined();
    expect(await put(19, 'Latex')).toEqual({ outcome: 'stale', digest: before.digest });
    expect(await held()).toMatchObject({
      readSequence: 20,
      digest: before.digest,
      fullRecord: { basics: { surname: 'Page' }, medicalAlerts: [{ text: 'Latex' }] },
    });
    // Older than the history that is held, and than a removal: nothing of it is stored.
    expect((await put(18, 'Penicillin')).outcome).toBe('stale');
    expect((await held()).fullRecord.medicalAlerts).toEqual([{ text: 'Latex' }]);
    await batch(1, { removals: [{ patientCode: 7, readSequence: 30 }] });
    expect((await put(29, 'Aspirin')).outcome).toBe('stale');
    expect(await held()).toMatchObject({ state: 'removed', fullRecord: null });
  });

  practiceTest('take the newest of a patient who stands twice in a batch', async (practice) => {
    const passId = await beginPass(practice);
    const patients = [3, 5, 4].map((readSequence) => ({
      readSequence,
      basics: samplePatient(1, { surname: `S${readSequence}` }),
    }));
    const { body } = await practice.agent('POST', `/v1/bulk-passes/${passId}/batches`, {
      n: 0,
      round: 0,
      patients,
      removals: [],
    });
    expect(body).toMatchObject({ changed: 1, stale: 2 });
    expect((await practice.operator('GET', '/patients/1')).body.basics.surname).toBe('S5');
  });

  practiceTest('store a full record and answer the digest of its basics', async (practice) => {
    const { body: licence } = await practice.agent('POST', '/v1/licence', licenceRequest);
    const record = {
      basics: samplePatient(1_000_123),
      medicalAlerts: [
        {
          text: 'Penicillin',
          recordedAt: { local: '2020-10-25T01:30:00', zoned: '2020-10-25T01:30:00+01:00', mark: 'ambiguous' },
        },
      ],
      questionnaires: [
        {
          name: 'Medical',
          answers: [{ question: 'Asthma?', preset: 'Yes', ownWords: 'since childhood\n“ok”' }],
          notes: 'é',
        },
      ],
      unavailable: ['given-answers'],
    };
    const upload = { readSequence: 5, messageId: 'a-b', record, newerField: 1 };
    const stored = await practice.agent('PUT', '/v1/patients/1000123', upload);
    expect(stored.body).toEqual({
      outcome: 'stored',
      digest: createPracticeDigester(licence.digest.key).ofRecord(record.basics),
    });
    expect((await practice.operator('GET', '/patients/1000123')).body.fullRecord).toEqual(record);
    expect((await practice.agent('PUT', '/v1/patients/1000123', { ...upload, readSequence: 6 })).body.outcome).toBe(
      'unchanged',
    );
    const wrong = await practice.agent('PUT', '/v1/patients/1000124', upload);
    expect(wrong).toMatchObject({
      status: 400,
      body: { code: 'REQUEST_INVALID', fields: ['record.basics.patientCode'] },
    });
  });

  practiceTest('note how each message ended, and heartbeats', async (practice) => {
    const result = {
      messageId: 'm-1',
      type: 'patient-sync',
      outcome: 'done',
      patientCode: 1,
      requestedAt: '2026-01-01T10:00:00.000Z',
      at: '2026-01-01T10:00:00.250Z',
      legs: { queuedMs: 5, readMs: 20, uploadedMs: 9 },
    } as unknown as CommandResult;
    expect((await practice.agent('POST', '/v1/command-results', result)).status).toBe(200);
    expect(
      (await practice.agent('POST', '/v1/command-results', { ...result, outcome: 'failed', code: 'COMMAND_FAILED' }))
        .status,
    ).toBe(200);
    const { body } = await practice.operator('GET', '/command-results');
    expect(body.commands).toHaveLength(1);
    expect(body.commands[0].result).toEqual(result);
    const { body: times } = await practice.operator('GET', '/patient-sync-times');
    expect(times.window).toMatchObject({ results: 1, done: 1, failed: 0 });
    expect(times.legs.readMs).toEqual({ p50: 20, p95: 20, p99: 20, count: 1 });
    expect(times.legs.totalMs.p50).toBe(250);

    // A failure is the last word only until the message has come back and was done.
    const told = async (outcome: string, at: string) => {
      const word = {
        ...result,
        messageId: 'm-2',
        outcome,
        at,
        ...(outcome === 'failed' ? { code: 'PRACTICE_TIMEOUT' } : {}),
      };
      expect((await practice.agent('POST', '/v1/command-results', word)).status).toBe(200);
      const { body: now } = await practice.operator('GET', '/command-results');
      return now.commands.find(({ result: stored }: { result: CommandResult }) => stored.messageId === 'm-2').result;
    };
    expect(await told('failed', '2026-01-01T10:00:01.000Z')).toMatchObject({ outcome: 'failed' });
    expect(await told('done', '2026-01-01T10:00:11.000Z')).toMatchObject({ outcome: 'done' });
    expect(await told('failed', '2026-01-01T10:00:01.000Z')).toMatchObject({ outcome: 'done' });
    expect(await told('failed', '2026-01-01T10:00:12.000Z')).toMatchObject({ outcome: 'done' });

    const heartbeat: Heartbeat = heartbeatSchema.parse({
      at: '2026-01-01T10:00:00.250Z',
      version: '0.1.0',
      hostVersion: null,
      startedAt: '2026-01-01T09:00:00Z',
      uptimeMs: 3_600_000,
      lastEqualAt: null,
      lastPass: null,
      queue: { lastReceiveAt: null, lagMs: null, inFlight: 0 },
      memory: { rssBytes: 1, heapUsedBytes: 1 },
      schemaFingerprint: null,
      warnings: ['PRACTICE_WRITABLE'],
      update: { dictated: null, state: 'current' },
    });
    expect((await practice.agent('POST', '/v1/heartbeats', heartbeat)).status).toBe(200);
    expect((await practice.operator('GET', '/heartbeats')).body.heartbeats[0].heartbeat).toEqual(heartbeat);
    expect((await practice.operator('GET', '')).body.lastHeartbeatAt).not.toBeNull();
    const nul = await practice.agent('POST', '/v1/heartbeats', { ...heartbeat, schemaFingerprint: 'a\u0000b' });
    expect(nul).toMatchObject({ status: 400, body: { code: 'REQUEST_INVALID', fields: ['schemaFingerprint'] } });
  });
});
