import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { BasicRecord } from '@flynotes/carestream-server/api';
import type postgres from 'postgres';

/** The least that storing costs: rows that are ready as text go through COPY into a staging table, and one upsert takes them all. */
export const createCopyFloor = async (sql: postgres.Sql, patients: readonly BasicRecord[]) => {
  const escape = (text: string): string =>
    text.replaceAll('\\', '\\\\').replaceAll('\t', '\\t').replaceAll('\n', '\\n');
  const lines = patients.map((basics) => {
    const json = JSON.stringify(basics);
    const digest = BigInt(`0x${createHash('sha256').update(json).digest('hex').slice(0, 32)}`);
    return `${basics.patientCode}\t${basics.patientCode % 256}\t${digest}\t1\t${escape(json)}\n`;
  });
  const chunks: string[] = [];
  for (let start = 0; start < lines.length; start += 1_000) chunks.push(lines.slice(start, start + 1_000).join(''));
  // The columns of flynotes-server's table of patients, without what history and passes need.
  await sql`create table floor_patients (practice_id text not null, patient_code integer not null, bucket smallint not null,
    digest numeric(39, 0), read_sequence bigint not null, basics jsonb, changed_at timestamptz not null,
    primary key (practice_id, patient_code)) with (fillfactor = 80)`;
  return async (practiceId: string): Promise<number> => {
    const startedMs = performance.now();
    await sql.begin(async (transaction) => {
      await transaction`create temporary table staging (patient_code integer, bucket smallint, digest numeric(39, 0), read_sequence bigint,
        basics jsonb) on commit drop`;
      await pipeline(Readable.from(chunks), await transaction`copy staging from stdin`.writable());
      await transaction`insert into floor_patients as p select ${practiceId}, patient_code, bucket, digest, read_sequence, basics, now() from staging
        on conflict (practice_id, patient_code) do update set bucket = excluded.bucket, digest = excluded.digest,
          read_sequence = excluded.read_sequence, basics = excluded.basics, changed_at = excluded.changed_at
        where p.read_sequence < excluded.read_sequence`;
    });
    return performance.now() - startedMs;
  };
};
