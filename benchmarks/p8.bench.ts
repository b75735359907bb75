import { zstdCompressSync } from 'node:zlib';
import { findPostgres, startPostgres } from '@flynotes/testkit';
import postgres from 'postgres';
import { samplePatients } from '../packages/flynotes-server/src/testing/sample-patients.ts';
import type { Benchmark } from './benchmark.ts';
import { alternate } from './measure.ts';
import { createCopyFloor } from './p8/copy-floor.ts';
import { startFlynotesServer } from './rig/processes.ts';

const patients = 50_000;
const batchRows = 1_000;

/** The real server over HTTP, as an agent speaks to it: licence, decompression, validation, digests, refusals, events, idempotency. */
export const benchmark: Benchmark = {
  title: `${patients.toLocaleString('en-GB')} new patients into flynotes-server over HTTP in batches of 1,000, on PostgreSQL, against COPY and one upsert of the same rows`,
  figures: [{ name: 'ratio', bound: 'at-least', value: 0.5 }],
  async run(progress) {
    if ((await findPostgres()) === null)
      throw new Error('PostgreSQL is not installed (Debian: apt-get install postgresql).');
    await using database = await startPostgres();
    if (database === null) throw new Error('PostgreSQL did not start.');
    const url = await database.createDatabase();
    await using server = await startFlynotesServer(url);
    const sql = postgres(url, { max: 1, onnotice: () => undefined });
    const records = samplePatients(1, patients);
    const copy = await createCopyFloor(sql, records);

    const bodies = Array.from({ length: patients / batchRows }, (_, n) => {
      const some = records.slice(n * batchRows, (n + 1) * batchRows);
      const batch = { n, round: 0, patients: some.map((basics) => ({ readSequence: 1, basics })), removals: [] };
      return new Uint8Array(zstdCompressSync(JSON.stringify(batch)));
    });
    const call = async <Answer>(
      path: string,
      token: string,
      body: string | Uint8Array<ArrayBuffer>,
    ): Promise<Answer> => {
      const response = await fetch(server.url + path, {
        method: 'POST',
        headers: {
          authorization: `Bearer ${token}`,
          'content-type': 'application/json',
          ...(typeof body === 'string' ? {} : { 'content-encoding': 'zstd' }),
        },
        body,
      });
      if (!response.ok) throw new Error(`${path} answered ${response.status}: ${await response.text()}`);
      return (await response.json()) as Answer;
    };

    let made = 0;
    const perSecond = (elapsedMs: number): number => (patients / elapsedMs) * 1000;
    const overHttp = async (): Promise<number> => {
      made += 1;
      const { licenceKey } = await call<{ licenceKey: string }>(
        '/v1/operator/practices',
        server.operatorToken,
        JSON.stringify({ name: `Practice ${made}` }),
      );
      const { passId } = await call<{ passId: string }>('/v1/bulk-passes', licenceKey, '{"reason":"scheduled"}');
      const startedMs = performance.now();
      let changed = 0;
      for (const body of bodies) {
        changed += (await call<{ changed: number }>(`/v1/bulk-passes/${passId}/batches`, licenceKey, body)).changed;
      }
      const elapsedMs = performance.now() - startedMs;
      if (changed !== patients) throw new Error(`${changed} of ${patients} patients were stored.`);
      return perSecond(elapsedMs);
    };
    const throughCopy = async (): Promise<number> => perSecond(await copy(`practice-${made}`));
    try {
      const pairs = await alternate({ first: overHttp, second: throughCopy }, 5, progress);
      return {
        figures: { ratio: Number(pairs.ratio.toFixed(3)) },
        legs: [
          { name: 'flynotes-server over HTTP', value: pairs.first, unit: 'rows/s' },
          { name: 'COPY and one upsert', value: pairs.second, unit: 'rows/s' },
        ],
        method: `${pairs.count} alternating pairs, median; PostgreSQL ${database.version}`,
      };
    } finally {
      await sql.end();
    }
  },
};
