// oxlint-disable typescript/no-unsafe-member-access -- answers of every shape are looked into
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { FlynotesServer } from '../index.ts';
import { digestsOf, samplePatient, samplePatients } from '../testing/sample-patients.ts';
import { addPractice, databaseKinds, databaseSource, startServer } from '../testing/server-under-test.ts';
import type { PracticeUnderTest } from '../testing/server-under-test.ts';

describe.each(databaseKinds)('many writers at once on %s', (kind) => {
  const source = databaseSource(kind);
  let servers: FlynotesServer[] = [];

  beforeAll(async () => {
    const database = await source.fresh();
    if (database === null) return;
    // Two servers on one PostgreSQL: what keeps writers apart is the database, not a process.
    servers = await Promise.all((kind === 'postgres' ? [1, 2] : [1]).map(() => startServer({ database })));
  });
  afterAll(async () => {
    await Promise.all(servers.map((server) => server.close()));
    await source[Symbol.asyncDispose]();
  });

  const digestKeyOf = async (practice: PracticeUnderTest): Promise<string> => {
    const rows = await servers[0]!.database.query<{ key: string }>(
      'select digest_key as key from practices where id = $1',
      [practice.id],
    );
    return rows[0]!.key;
  };

  it('lets bulk batches and single uploads of the same patients pass each other', async (context) => {
    const [server] = servers;
    if (server === undefined) return context.skip('PostgreSQL is not installed');
    const practice = await addPractice(server);
    const passId = (await practice.agent('POST', '/v1/bulk-passes', { reason: 'scheduled' })).body.passId as string;
    const codes = Array.from({ length: 60 }, (_, index) => index + 1);
    const newest = new Map<number, { readSequence: number; surname: string }>();
    const note = (code: number, readSequence: number, surname: string): string => {
      if ((newest.get(code)?.readSequence ?? 0) < readSequence) newest.set(code, { readSequence, surname });
      return surname;
    };
    let sequence = 0;
    const work: Promise<{ status: number; body: unknown }>[] = [];
    for (let n = 0; n < 12; n++) {
      // Half of the batches list their patients backwards.
      const listed = n % 2 === 0 ? codes : codes.toReversed();
      const patients = listed.map((code) => {
        const readSequence = ++sequence;
        return {
          readSequence,
          basics: samplePatient(code, { surname: note(code, readSequence, `Bulk ${readSequence}`) }),
        };
      });
      work.push(practice.agent('POST', `/v1/bulk-passes/${passId}/batches`, { n, round: 0, patients, removals: [] }));
      for (const code of codes.filter((one) => one % 12 === n)) {
        const readSequence = ++sequence;
        const basics = samplePatient(code, { surname: note(code, readSequence, `Single ${readSequence}`) });
        const record = { basics, medicalAlerts: [], questionnaires: [] };
        work.push(practice.agent('PUT', `/v1/patients/${code}`, { readSequence, record }));
      }
    }
    const answers = await Promise.all(work);
    expect(answers.filter(({ status }) => status !== 200)).toEqual([]);
    for (const code of codes) {
      const { body } = await practice.operator('GET', `/patients/${code}`);
      expect({ code, readSequence: body.readSequence, surname: body.basics.surname }).toEqual({
        code,
        ...newest.get(code),
      });
    }
    const held = codes.map((code) => samplePatient(code, { surname: newest.get(code)!.surname }));
    const { patients, root } = digestsOf(held, await digestKeyOf(practice));
    const ended = await practice.agent('POST', `/v1/bulk-passes/${passId}/complete`, { patients, root, round: 0 });
    expect(ended.body.outcome).toBe('equal');
  });

  it('serves 20 practices at once', async (context) => {
    const [server] = servers;
    if (server === undefined) return context.skip('PostgreSQL is not installed');
    const outcomes = await Promise.all(
      Array.from({ length: 20 }, async (_, index) => {
        const practice = await addPractice(servers[index % servers.length]!, `Practice ${index}`);
        const passId = (await practice.agent('POST', '/v1/bulk-passes', { reason: 'scheduled' })).body.passId as string;
        const records = samplePatients(1, 400);
        const batches = await Promise.all(
          [0, 1, 2, 3].map((n) =>
            practice.agent('POST', `/v1/bulk-passes/${passId}/batches`, {
              n,
              round: 0,
              patients: records
                .slice(n * 100, n * 100 + 100)
                .map((basics) => ({ readSequence: basics.patientCode, basics })),
              removals: [],
            }),
          ),
        );
        expect(batches.map(({ body }) => body.changed)).toEqual([100, 100, 100, 100]);
        const { patients, root } = digestsOf(records, await digestKeyOf(practice));
        return (await practice.agent('POST', `/v1/bulk-passes/${passId}/complete`, { patients, root, round: 0 })).body
          .outcome as string;
      }),
    );
    expect(outcomes).toEqual(Array.from({ length: 20 }, () => 'equal'));
    // A deadlock's victim is tried again and would not show above.
    const [deadlocks] = await server.database.query<{ count: number }>(
      'select deadlocks as count from pg_stat_database where datname = current_database()',
    );
    expect(deadlocks?.count ?? 0).toBe(0);
  });

  it('stores a batch once that arrives many times at once', async (context) => {
    const [server] = servers;
    if (server === undefined) return context.skip('PostgreSQL is not installed');
    const practice = await addPractice(server);
    const passId = (await practice.agent('POST', '/v1/bulk-passes', { reason: 'scheduled' })).body.passId as string;
    const batch = {
      n: 0,
      round: 0,
      patients: samplePatients(1, 20).map((basics) => ({ readSequence: 1, basics })),
      removals: [],
    };
    const answers = await Promise.all(
      Array.from({ length: 6 }, () => practice.agent('POST', `/v1/bulk-passes/${passId}/batches`, batch)),
    );
    expect(answers.map(({ body }) => body.changed)).toEqual([20, 20, 20, 20, 20, 20]);
    const { body } = await practice.operator('GET', '/passes');
    expect(body.passes[0]).toMatchObject({ changed: 20, batches: 1 });
  });

  it('takes one of several batches that come at once under one number with different content', async (context) => {
    const [server] = servers;
    if (server === undefined) return context.skip('PostgreSQL is not installed');
    const practice = await addPractice(server);
    const passId = (await practice.agent('POST', '/v1/bulk-passes', { reason: 'scheduled' })).body.passId as string;
    const answers = await Promise.all(
      Array.from({ length: 6 }, (_, index) =>
        practice.agent('POST', `/v1/bulk-passes/${passId}/batches`, {
          n: 0,
          round: 0,
          patients: samplePatients(index * 20 + 1, 20).map((basics) => ({ readSequence: 1, basics })),
          removals: [],
        }),
      ),
    );
    expect(answers.filter(({ status }) => status === 200).map(({ body }) => body.changed)).toEqual([20]);
    expect(answers.filter(({ body }) => body.code === 'BATCH_CONFLICT')).toHaveLength(5);
    const [held] = await server.database.query<{ count: number }>(
      'select count(*)::int as count from patients where practice_id = $1',
      [practice.id],
    );
    expect(held?.count).toBe(20);
  });

  it('compares a pass only when no batch of it is being stored', async (context) => {
    const [server] = servers;
    if (server === undefined) return context.skip('PostgreSQL is not installed');
    const practice = await addPractice(server);
    const passId = (await practice.agent('POST', '/v1/bulk-passes', { reason: 'scheduled' })).body.passId as string;
    const records = samplePatients(1, 800);
    const { patients, root } = digestsOf(records, await digestKeyOf(practice));
    const send = (n: number) =>
      practice.agent('POST', `/v1/bulk-passes/${passId}/batches`, {
        n,
        round: 0,
        patients: records.slice(n * 100, n * 100 + 100).map((basics) => ({ readSequence: 1, basics })),
        removals: [],
      });
    let ended = false;
    // Asked again and again while batches come: it is equal when all are there, and then nothing more is taken.
    const compare = async (): Promise<void> => {
      while (!ended) {
        const { body } = await practice.agent('POST', `/v1/bulk-passes/${passId}/complete`, {
          patients,
          root,
          round: 0,
        });
        ended = body.outcome === 'equal';
      }
    };
    const [sent] = await Promise.all([Promise.all([0, 1, 2, 3, 4, 5, 6, 7].map(send)), compare()]);
    expect(sent.map(({ status }) => status)).toEqual(sent.map(() => 200));
    const { body } = await practice.operator('GET', '/passes');
    expect(body.passes[0]).toMatchObject({ status: 'equal', patients: 800, changed: 800, batches: 8 });
  });
});
