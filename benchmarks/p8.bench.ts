import { zstdCompressSync } from 'node:zlib';
import { orderedBasics } from '@flynotes/carestream-server/api';
import type { BasicRecord } from '@flynotes/carestream-server/api';
import { findPostgres, startPostgres } from '@flynotes/testkit';
import postgres from 'postgres';
import { samplePatients } from '../packages/flynotes-server/src/testing/sample-patients.ts';
import type { Benchmark } from './benchmark.ts';
import { alternate, median } from './measure.ts';
import { createAgentConnection } from './p8/agent-connection.ts';
import { createCopyFloor } from './p8/copy-floor.ts';
import { processorMsOf } from './p8/processor-time.ts';
import { startFlynotesServer } from './rig/processes.ts';

const patients = 50_000;
const batchRows = 1_000;
const practicesAtOnce = 4;

/** Batches as the agent writes them: records in the canonical order, zstd. */
const bodiesOf = (records: readonly BasicRecord[], readSequence: number): readonly Uint8Array[] =>
  Array.from({ length: records.length / batchRows }, (_, n) => {
    const some = records.slice(n * batchRows, (n + 1) * batchRows);
    const items = some.map((basics) => `{"readSequence":${readSequence},"basics":${orderedBasics(basics)}}`);
    return zstdCompressSync(`{"n":${n},"round":0,"patients":[${items.join(',')}],"removals":[]}`);
  });

/** The real server over HTTP, as an agent speaks to it: licence, decompression, validation, digests, refusals, events, idempotency. */
export const benchmark: Benchmark = {
  title: `${patients.toLocaleString('en-GB')} new patients into flynotes-server over HTTP in batches of 1,000, on PostgreSQL, against COPY and one upsert of the same rows`,
  figures: [{ name: 'ratio', bound: 'at-least', value: 0.5 }],
  async run(progress) {
    if ((await findPostgres()) === null)
      throw new Error('PostgreSQL is not installed (Debian: apt-get install postgresql).');
    await using database = await startPostgres({ durable: true });
    if (database === null) throw new Error('PostgreSQL did not start.');
    const url = await database.createDatabase();
    await using server = await startFlynotesServer(url);
    const sql = postgres(url, { max: 1, onnotice: () => undefined });
    const records = samplePatients(1, patients);
    const copy = await createCopyFloor(sql, records);
    const renamed = records.map((record) => ({ ...record, forename: `${record.forename} May` }));
    const fresh = bodiesOf(records, 1);
    const later = { changed: bodiesOf(renamed, 2), unchanged: bodiesOf(renamed, 3) };

    let made = 0;
    const perSecond = (rows: number, elapsedMs: number): number => (rows / elapsedMs) * 1000;
    const addPractice = async (): Promise<string> => {
      using call = createAgentConnection(server.url);
      made += 1;
      const body = JSON.stringify({ name: `Practice ${made}` });
      return (await call<{ licenceKey: string }>('/v1/operator/practices', server.operatorToken, body)).licenceKey;
    };
    /** A pass of one practice, so many batches of it on their way at a time. The agent itself has one. */
    const pass = async (
      licenceKey: string,
      bodies: readonly Uint8Array[],
      { expected, inFlight = 1 }: { readonly expected: number; readonly inFlight?: number },
    ): Promise<number> => {
      using call = createAgentConnection(server.url, inFlight);
      const { passId } = await call<{ passId: string }>('/v1/bulk-passes', licenceKey, '{"reason":"scheduled"}');
      const startedMs = performance.now();
      let changed = 0;
      const waiting = bodies.values();
      const sendAll = async (): Promise<void> => {
        // Each lane takes the next batch that nobody has taken.
        for (const body of waiting) {
          const answer = await call<{ changed: number }>(`/v1/bulk-passes/${passId}/batches`, licenceKey, body);
          changed += answer.changed;
        }
      };
      await Promise.all(Array.from({ length: inFlight }, sendAll));
      // Batches do not wait for the disk. What ends a pass does, and takes all that came before to the disk too; without its comparison,
      // which the floor does not make either. A pass that nobody ended would go on, and know the batches' numbers.
      await sql`update passes set status = 'failed', ended_at = now() where id = ${passId}`;
      const elapsedMs = performance.now() - startedMs;
      if (changed !== expected) throw new Error(`${changed} patients were stored, not ${expected}.`);
      return elapsedMs;
    };

    const ofServer: number[] = [];
    const speeds = { oneByOne: [] as number[], changed: [] as number[], unchanged: [] as number[] };
    const overHttp = async (): Promise<number> => {
      const licenceKey = await addPractice();
      const beforeMs = processorMsOf(server.pid);
      const speed = perSecond(patients, await pass(licenceKey, fresh, { expected: patients, inFlight: 2 }));
      ofServer.push((processorMsOf(server.pid) - beforeMs) / fresh.length);
      return speed;
    };
    let copied = 0;
    const throughCopy = async (): Promise<number> => {
      // Each time another practice: rows that are there already are not stored again.
      copied += 1;
      return perSecond(patients, await copy(`practice-${copied}`));
    };
    const allAtOnce = async (): Promise<number> => {
      const keys: string[] = [];
      for (let practice = 0; practice < practicesAtOnce; practice += 1) keys.push(await addPractice());
      const startedMs = performance.now();
      await Promise.all(keys.map((key) => pass(key, fresh, { expected: patients })));
      return perSecond(patients * practicesAtOnce, performance.now() - startedMs);
    };
    try {
      const pairs = await alternate({ first: overHttp, second: throughCopy }, 5, progress);
      for (let round = 0; round < 3; round += 1) {
        const licenceKey = await addPractice();
        speeds.oneByOne.push(perSecond(patients, await pass(licenceKey, fresh, { expected: patients })));
        speeds.changed.push(perSecond(patients, await pass(licenceKey, later.changed, { expected: patients })));
        speeds.unchanged.push(perSecond(patients, await pass(licenceKey, later.unchanged, { expected: 0 })));
      }
      progress(`${practicesAtOnce} practices at once`);
      return {
        figures: { ratio: Number(pairs.ratio.toFixed(3)) },
        legs: [
          { name: 'flynotes-server over HTTP, two batches on their way', value: pairs.first, unit: 'rows/s' },
          { name: 'one batch on its way, as the agent sends', value: median(speeds.oneByOne), unit: 'rows/s' },
          { name: 'COPY and one upsert', value: pairs.second, unit: 'rows/s' },
          { name: 'the same patients, all changed', value: median(speeds.changed), unit: 'rows/s' },
          { name: 'the same patients, told again unchanged', value: median(speeds.unchanged), unit: 'rows/s' },
          { name: `${practicesAtOnce} practices at once, new patients`, value: await allAtOnce(), unit: 'rows/s' },
          { name: "flynotes-server's processor time for a batch", value: median(ofServer), unit: 'ms' },
        ],
        method: `${pairs.count} alternating pairs, median; PostgreSQL ${database.version}, each side ends when the disk has all of it`,
      };
    } finally {
      await sql.end();
    }
  },
};
