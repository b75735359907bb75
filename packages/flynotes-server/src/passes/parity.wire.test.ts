// oxlint-disable typescript/no-unsafe-member-access -- answers of every shape are looked into
import type { BasicRecord } from '@flynotes/carestream-server/api';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { FlynotesServer } from '../index.ts';
import { digestsOf, samplePatient, samplePatients } from '../testing/sample-patients.ts';
import { addPractice, databaseKinds, databaseSource, startServer } from '../testing/server-under-test.ts';
import type { PracticeUnderTest } from '../testing/server-under-test.ts';

describe.each(databaseKinds)('parity on %s', (kind) => {
  const source = databaseSource(kind);
  let server: FlynotesServer | null = null;

  beforeAll(async () => {
    const database = await source.fresh();
    if (database !== null) server = await startServer({ database });
  });
  afterAll(async () => {
    await server?.close();
    await source[Symbol.asyncDispose]();
  });

  const parityTest = (name: string, body: (pass: PassUnderTest, server: FlynotesServer) => Promise<void>): void =>
    it(name, async (context) => {
      if (server === null) return context.skip('PostgreSQL is not installed');
      await body(await passUnderTest(server), server);
    });

  parityTest('is equal when both hold the same, and says so again when asked again', async (pass) => {
    const patients = samplePatients(1, 300);
    await pass.send(patients);
    const request = {
      ...pass.total(patients),
      round: 0,
      figures: { pages: 1, rows: 300, rules: { 'email-split': 3 } },
    };
    const ended = await pass.complete(request);
    expect(ended.body).toMatchObject({ outcome: 'equal', patients: 300, root: request.root });
    expect((await pass.complete(request)).body).toEqual(ended.body);
    expect(await pass.complete({ ...request, patients: 1 })).toMatchObject({
      status: 410,
      body: { code: 'PASS_ENDED' },
    });
    expect(await pass.send(patients.slice(0, 1))).toMatchObject({ status: 410, body: { code: 'PASS_ENDED' } });
    const { body } = await pass.practice.operator('GET', '/passes');
    expect(body.passes[0]).toMatchObject({
      status: 'equal',
      patients: 300,
      batches: 1,
      changed: 300,
      figures: request.figures,
    });
    expect((await pass.practice.operator('GET', '')).body.lastEqualAt).not.toBeNull();
    const next = await pass.practice.agent('POST', '/v1/bulk-passes', { reason: 'scheduled' });
    expect(next.body).toMatchObject({ resumed: false, nextBatch: 0 });
  });

  parityTest('counts refused patients on neither side', async (pass) => {
    await pass.send(samplePatients(1, 5));
    await pass.sendRaw([{ readSequence: 900, basics: { patientCode: 3 } }]);
    const rest = samplePatients(1, 5).filter(({ patientCode }) => patientCode !== 3);
    expect((await pass.complete({ ...pass.total(rest), round: 0 })).body.outcome).toBe('equal');
    const { body } = await pass.practice.operator('GET', '/patients/3');
    expect(body).toMatchObject({ state: 'refused', basics: { patientCode: 3 } });
  });

  parityTest('heals a changed, a missing and a superfluous row within one round', async (pass, { database }) => {
    const patients = samplePatients(1, 400);
    await pass.send([...patients, samplePatient(9_000)]);
    // Behind the server's back: one row edited, one gone. The check renews the digest of what is stored.
    await database.query(
      `update patients set basics = jsonb_set(basics, '{surname}', '"Edited"') where practice_id = $1 and patient_code = 7`,
      [pass.practice.id],
    );
    await database.query('delete from patients where practice_id = $1 and patient_code = 11', [pass.practice.id]);
    const check = await pass.practice.operator('POST', '/digest-check');
    expect(check.body).toEqual({ checked: 400, mismatches: 1, patientCodes: [7] });

    const total = pass.total(patients);
    expect((await pass.complete({ ...total, round: 0 })).body).toEqual({ outcome: 'send-digests' });
    const asked = await pass.complete({ ...total, round: 0, buckets: pass.buckets(patients) });
    expect(asked.body).toMatchObject({ outcome: 'send-buckets', round: 1 });
    const wanted = [...new Set([7, 11, 9_000].map(pass.bucketOf))].sort((left, right) => left - right);
    expect(asked.body.buckets).toEqual(wanted);

    await pass.send(
      patients.filter(({ patientCode }) => wanted.includes(pass.bucketOf(patientCode))),
      1,
    );
    const healed = await pass.complete({ ...total, round: 1, resent: wanted });
    expect(healed.body).toMatchObject({ outcome: 'equal', patients: 400 });
    expect((await pass.practice.operator('GET', '/patients/9000')).body.state).toBe('removed');
  });

  parityTest(
    'removes nothing that was read after the round began, and nothing that was not asked for',
    async (pass) => {
      const patients = samplePatients(1, 50);
      await pass.send([...patients, samplePatient(9_000)]);
      const asked = await pass.complete({ ...pass.total(patients), round: 0, buckets: pass.buckets(patients) });
      const bucket = pass.bucketOf(9_000);
      expect(asked.body.buckets).toEqual([bucket]);
      const foreign = await pass.complete({ ...pass.total(patients), round: 1, resent: [bucket, (bucket + 1) % 256] });
      expect(foreign).toMatchObject({ status: 400, body: { code: 'REQUEST_INVALID', fields: ['resent', 'round'] } });
      expect((await pass.complete({ ...pass.total(patients), round: 2, resent: [bucket] })).status).toBe(400);

      // Somebody was registered and fetched alone while the bucket travelled.
      await pass.practice.agent('PUT', '/v1/patients/9000', {
        readSequence: 5_000,
        record: { basics: samplePatient(9_000, { surname: 'Walked in' }), medicalAlerts: [], questionnaires: [] },
      });
      await pass.send(
        patients.filter(({ patientCode }) => pass.bucketOf(patientCode) === bucket),
        1,
      );
      const all = [...patients, samplePatient(9_000, { surname: 'Walked in' })];
      expect((await pass.complete({ ...pass.total(all), round: 1, resent: [bucket] })).body.outcome).toBe('equal');
    },
  );

  parityTest('does not remove a row that came in the round but was older than what is held', async (pass) => {
    const patients = samplePatients(1, 20);
    await pass.send(patients, 0, 1_000);
    const wrong = [...patients.slice(1), samplePatient(1, { surname: 'Not here' })];
    const asked = await pass.complete({ ...pass.total(wrong), round: 0, buckets: pass.buckets(wrong) });
    await pass.send([samplePatient(1)], 1, 1);
    await pass.complete({ ...pass.total(wrong), round: 1, resent: asked.body.buckets, buckets: pass.buckets(wrong) });
    expect((await pass.practice.operator('GET', '/patients/1')).body.state).toBe('held');
  });

  parityTest('fails loudly after three rounds', async (pass) => {
    const patients = samplePatients(1, 10);
    await pass.send(patients);
    const others = samplePatients(1, 9);
    for (const round of [0, 1, 2]) {
      const asked = await pass.complete({ ...pass.total(others), round, buckets: pass.buckets(others) });
      expect(asked.body).toMatchObject({ outcome: 'send-buckets', round: round + 1 });
    }
    const failed = await pass.complete({ ...pass.total(others), round: 3, buckets: pass.buckets(others) });
    expect(failed.body).toEqual({ outcome: 'failed', code: 'PARITY_FAILED' });
    const { body } = await pass.practice.operator('GET', '');
    expect(body.lastPass).toMatchObject({ status: 'failed', code: 'PARITY_FAILED' });
    expect(body.lastEqualAt).toBeNull();
  });

  parityTest('ends an unfinished pass when its time is up', async (pass, { database }) => {
    await database.query(`update passes set expires_at = now() - interval '1 second' where id = $1`, [pass.passId]);
    expect((await pass.send(samplePatients(1, 1))).body.code).toBe('PASS_ENDED');
    const next = await pass.practice.agent('POST', '/v1/bulk-passes', { reason: 'scheduled' });
    expect(next.body.resumed).toBe(false);
    expect(next.body.passId).not.toBe(pass.passId);
    const { body } = await pass.practice.operator('GET', '/passes');
    expect(body.passes.map(({ status }: { status: string }) => status).sort()).toEqual(['expired', 'running']);
  });

  parityTest('begins one pass however many ask at once', async ({ practice, passId }) => {
    const begun = await Promise.all(
      Array.from({ length: 8 }, () => practice.agent('POST', '/v1/bulk-passes', { reason: 'requested' })),
    );
    expect(new Set(begun.map(({ body }) => body.passId))).toEqual(new Set([passId]));
  });
});

type PassUnderTest = Awaited<ReturnType<typeof passUnderTest>>;

async function passUnderTest(server: FlynotesServer) {
  const practice: PracticeUnderTest = await addPractice(server);
  const rows = await server.database.query<{ key: string }>('select digest_key as key from practices where id = $1', [
    practice.id,
  ]);
  const key = rows[0]?.key ?? '';
  const begun = await practice.agent('POST', '/v1/bulk-passes', { reason: 'scheduled' });
  const passId = begun.body.passId as string;
  let [n, sequence] = [0, 0];
  const sendRaw = (patients: object[], round = 0) =>
    practice.agent('POST', `/v1/bulk-passes/${passId}/batches`, { n: n++, round, patients, removals: [] });
  return {
    practice,
    passId,
    sendRaw,
    send(records: readonly BasicRecord[], round = 0, from = sequence + 1) {
      const patients = records.map((basics, index) => ({ readSequence: from + index, basics }));
      sequence = Math.max(sequence, from + records.length);
      return sendRaw(patients, round);
    },
    complete: (request: object) => practice.agent('POST', `/v1/bulk-passes/${passId}/complete`, request),
    total(records: readonly BasicRecord[]) {
      const { patients, root } = digestsOf(records, key);
      return { patients, root };
    },
    buckets: (records: readonly BasicRecord[]) => digestsOf(records, key).buckets,
    bucketOf: digestsOf([], key).bucketOf,
  };
}
