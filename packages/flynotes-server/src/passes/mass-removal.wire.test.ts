// oxlint-disable typescript/no-unsafe-member-access -- answers of every shape are looked into
import type { BasicRecord } from '@flynotes/carestream-server/api';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { FlynotesServer } from '../index.ts';
import { digestsOf, samplePatients } from '../testing/sample-patients.ts';
import { addPractice, databaseKinds, databaseSource, startServer } from '../testing/server-under-test.ts';
import type { PracticeUnderTest } from '../testing/server-under-test.ts';

const patients = 300;

describe.each(databaseKinds)('most patients gone, and damage, on %s', (kind) => {
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

  const removalTest = (name: string, body: (held: Held, server: FlynotesServer) => Promise<void>): void =>
    it(name, async (context) => {
      if (server === null) return context.skip('PostgreSQL is not installed');
      await body(await uploaded(server), server);
    });

  removalTest('an agent that says that nobody is left removes nobody, until an operator confirms it', async (held) => {
    for (let again = 0; again < 2; again++) {
      expect(await held.sayEmpty()).toEqual({ outcome: 'failed', code: 'REMOVALS_HELD_BACK' });
      expect(await held.count()).toBe(patients);
    }
    const { body } = await held.practice.operator('GET', '/passes');
    expect(body.passes[0]).toMatchObject({ status: 'failed', code: 'REMOVALS_HELD_BACK', removed: 0, patients });

    const confirmed = await held.practice.operator('POST', '/confirm-removals');
    expect(confirmed.body.removalsConfirmedUntil > new Date().toISOString()).toBe(true);
    expect(await held.sayEmpty()).toMatchObject({ outcome: 'equal', patients: 0 });
    expect(await held.count()).toBe(0);
    // It counts for this once.
    expect((await held.practice.operator('GET', '')).body.removalsConfirmedUntil).toBeNull();
  });

  removalTest('a confirmation ends by itself', async (held, { database }) => {
    await held.practice.operator('POST', '/confirm-removals');
    await database.query(
      `update practices set removals_confirmed_until = removals_confirmed_until - interval '25 hours' where id = $1`,
      [held.practice.id],
    );
    expect((await held.begin()).removalsConfirmed).toBeUndefined();
    expect(await held.sayEmpty()).toMatchObject({ code: 'REMOVALS_HELD_BACK' });
  });

  removalTest('removals in batches stop at half, in the sum of the pass', async (held) => {
    const { passId, patientsHeld } = await held.begin();
    expect(patientsHeld).toBe(patients);
    const remove = (n: number, from: number, count: number) =>
      held.practice.agent('POST', `/v1/bulk-passes/${passId}/batches`, {
        n,
        round: 0,
        patients: [],
        removals: Array.from({ length: count }, (_, index) => ({ patientCode: from + index, readSequence: 10_000 })),
      });
    expect((await remove(0, 1, 100)).body).toMatchObject({ removed: 100 });
    expect(await remove(1, 101, 100)).toMatchObject({ status: 409, body: { code: 'REMOVALS_HELD_BACK' } });
    expect(await held.count()).toBe(patients - 100);
    expect((await remove(1, 101, 50)).body).toMatchObject({ removed: 50 });
    expect(await remove(2, 151, 1)).toMatchObject({ status: 409 });
    await held.practice.operator('POST', '/confirm-removals');
    expect((await remove(2, 151, 150)).body).toMatchObject({ removed: 150 });
  });

  removalTest('removals in batches that come at the same time stop at half, too', async (held) => {
    const { passId } = await held.begin();
    const answers = await Promise.all(
      [0, 1, 2].map((n) =>
        held.practice.agent('POST', `/v1/bulk-passes/${passId}/batches`, {
          n,
          round: 0,
          patients: [],
          removals: Array.from({ length: 100 }, (_, index) => ({
            patientCode: n * 100 + index + 1,
            readSequence: 10_000,
          })),
        }),
      ),
    );
    expect(answers.map(({ status }) => status).sort((one, other) => one - other)).toEqual([200, 409, 409]);
    expect(await held.count()).toBe(patients - 100);
  });

  removalTest(
    'what was edited behind its back is counted, also a row put into a wrong bucket',
    async (held, server) => {
      const { database } = server;
      const edit = (assignment: string, code: number) =>
        database.query(`update patients set ${assignment} where practice_id = $1 and patient_code = $2::int`, [
          held.practice.id,
          code,
        ]);
      await edit(`basics = basics || '{"surname": "Edited"}'`, 7);
      await edit('bucket = (bucket + 1) % 256', 8);
      await edit('basics = null', 9);
      const check = await held.practice.operator('POST', '/digest-check');
      expect(check.body).toEqual({ checked: patients, mismatches: 3, patientCodes: [7, 8, 9] });
      expect((await held.practice.operator('POST', '/digest-check')).body.mismatches).toBe(0);
      expect((await held.practice.operator('GET', '')).body.digestChecks).toMatchObject({ mismatches: 3 });

      const { passId } = await held.begin();
      const complete = (request: object) => held.practice.agent('POST', `/v1/bulk-passes/${passId}/complete`, request);
      const total = held.digests(held.records);
      const asked = (await complete({ patients, root: total.root, round: 0, buckets: total.buckets })).body;
      expect(asked.buckets).toEqual([...new Set([7, 9].map(total.bucketOf))].sort((one, other) => one - other));
      const rows = held.records.filter(({ patientCode }) => asked.buckets.includes(total.bucketOf(patientCode)));
      await held.practice.agent('POST', `/v1/bulk-passes/${passId}/batches`, {
        n: 0,
        round: 1,
        patients: rows.map((basics) => ({ readSequence: 20_000, basics })),
        removals: [],
      });
      const healed = await complete({ patients, root: total.root, round: 1, resent: asked.buckets });
      expect(healed.body.outcome).toBe('equal');
      const { body } = await held.practice.operator('GET', '/passes');
      expect(body.passes[0]).toMatchObject({ bucketsAsked: asked.buckets.length, healed: 2, rounds: 1, removed: 0 });
    },
  );
});

type Held = Awaited<ReturnType<typeof uploaded>>;

/** A practice of which the server holds everybody, proved equal. */
async function uploaded(server: FlynotesServer) {
  const practice: PracticeUnderTest = await addPractice(server);
  const [row] = await server.database.query<{ key: string }>('select digest_key as key from practices where id = $1', [
    practice.id,
  ]);
  const records = samplePatients(1, patients);
  const digests = (of: readonly BasicRecord[]) => digestsOf(of, row?.key ?? '');
  const begin = async (): Promise<{ passId: string; patientsHeld: number; removalsConfirmed?: boolean }> =>
    (await practice.agent('POST', '/v1/bulk-passes', { reason: 'scheduled' })).body;
  const { passId } = await begin();
  await practice.agent('POST', `/v1/bulk-passes/${passId}/batches`, {
    n: 0,
    round: 0,
    patients: records.map((basics, index) => ({ readSequence: index + 1, basics })),
    removals: [],
  });
  const { root } = digests(records);
  await practice.agent('POST', `/v1/bulk-passes/${passId}/complete`, { patients, root, round: 0 });

  return {
    practice,
    records,
    digests,
    begin,
    /** Goes through a pass as an agent would that lost what it knew and reads an empty R4; resolves to the last answer. */
    async sayEmpty(): Promise<unknown> {
      const pass = await begin();
      const empty = digests([]);
      const complete = async (request: object) =>
        (await practice.agent('POST', `/v1/bulk-passes/${pass.passId}/complete`, request)).body;
      const total = { patients: 0, root: empty.root };
      const asked = await complete({ ...total, round: 0, buckets: empty.buckets });
      return complete({ ...total, round: 1, resent: asked.buckets });
    },
    async count(): Promise<number> {
      const [held] = await server.database.query<{ count: number }>(
        `select count(*)::int as count from patients where practice_id = $1 and state = 'held'`,
        [practice.id],
      );
      return held?.count ?? Number.NaN;
    },
  };
}
