import { SendMessageCommand, type SQSClient } from '@aws-sdk/client-sqs';
import postgres from 'postgres';
import { serializeMessage } from '../../packages/carestream-server/src/messages.ts';
import type { BenchPractice, World } from './world.ts';

/** Sends messages and sees when their effect can be read at the server. */
export interface Sampler extends AsyncDisposable {
  /** Milliseconds from the send call's return to the record being readable; 0 where it was readable before that. */
  patientSync(patientCode: number): Promise<number>;
  /** Asks for a bulk upload, and so for one without pauses. */
  bulkUpload(): Promise<void>;
  /** How many batches of the practice's bulk uploads the server has stored. */
  batchesStored(): Promise<number>;
  /** 50th and 99th percentile of what the agent reported of its patient-syncs since then, leg by leg. */
  legsSince(time: Date): Promise<readonly LegTimes[]>;
}

/** One leg of patient-syncs, in milliseconds. */
export interface LegTimes {
  readonly leg: string;
  readonly p50: number;
  readonly p99: number;
}

const waitMostMs = 120_000;

/**
 * The server's database tells of every change when it is committed; then the record is looked up there. Asking the server itself over
 * and over would keep it from its work.
 */
export async function startSampler(world: World, practice: BenchPractice): Promise<Sampler> {
  const sqs = world.sqsClient();
  // Planned anew each time: a statement that was prepared while the table was empty reads all of it for each patient, and takes a
  // processor from those who are measured. So may one for several patients at once, of a practice that the statistics do not know yet;
  // hence `offset 0` below, which makes it one look-up each.
  const sql = postgres(world.databaseUrl, { max: 1, prepare: false, onnotice: () => undefined });
  /** Patients who are waited for, and from which read on the record is the one. */
  const watched = new Map<number, { readonly above: number; readonly stored: (atMs: number) => void }>();
  // One lookup for all who wait: behind a bulk upload there are many, and each batch is told of.
  const look = async (noticedAtMs: number): Promise<void> => {
    if (watched.size === 0) return;
    const rows = await sql<{ code: number; sequence: string }[]>`
      select code, sequence from unnest(${[...watched.keys()]}::int[]) as w (code), lateral (
        select history_sequence as sequence from patients
        where practice_id = ${practice.practiceId} and patient_code = w.code and history_sequence is not null
        offset 0) as held`;
    for (const { code, sequence } of rows) {
      const waiting = watched.get(code);
      if (waiting && Number(sequence) > waiting.above) waiting.stored(noticedAtMs);
    }
  };
  const listening = await sql.listen('flynotes_events', (id) => {
    // The notice comes with the commit; what the lookup takes is this program's own affair.
    if (id === practice.practiceId) look(performance.now()).catch(() => undefined);
  });
  /** The highest read that brought a full record of this patient; 0 for none. */
  const sequenceOf = async (patientCode: number): Promise<number> => {
    const [row] = await sql<{ sequence: string | null }[]>`
      select history_sequence as sequence from patients
      where practice_id = ${practice.practiceId} and patient_code = ${patientCode}`;
    return Number(row?.sequence ?? 0);
  };
  // What the first query and the first message need is not measured.
  await sequenceOf(0);

  return {
    async patientSync(patientCode) {
      if (watched.has(patientCode)) throw new Error(`Patient ${patientCode} is being waited for already.`);
      const above = await sequenceOf(patientCode);
      const { promise, resolve: stored, reject } = Promise.withResolvers<number>();
      const late = setTimeout(
        () => reject(new Error(`Patient ${patientCode} did not come within ${waitMostMs / 1_000} s.`)),
        waitMostMs,
      );
      watched.set(patientCode, { above, stored });
      try {
        await send(sqs, practice, serializeMessage({ type: 'patient-sync', patientCode }));
        const sentAt = performance.now();
        return Math.max(0, (await promise) - sentAt);
      } finally {
        watched.delete(patientCode);
        clearTimeout(late);
      }
    },
    bulkUpload: () => send(sqs, practice, serializeMessage({ type: 'bulk-upload-patients' })),
    async batchesStored() {
      const [row] = await sql<{ batches: number }[]>`
        select coalesce(sum(next_batch), 0)::int as batches from passes where practice_id = ${practice.practiceId}`;
      return row?.batches ?? 0;
    },
    legsSince: (time) => sql<LegTimes[]>`
      select l.key as leg, percentile_cont(0.5) within group (order by l.value::float8) as p50,
        percentile_cont(0.99) within group (order by l.value::float8) as p99
      from command_results r, jsonb_each_text(r.result->'legs') as l
      where r.practice_id = ${practice.practiceId} and r.result->>'type' = 'patient-sync'
        and (r.result->>'at')::timestamptz >= ${time}
      group by l.key order by p99 desc`,
    async [Symbol.asyncDispose]() {
      await listening.unlisten();
      await sql.end({ timeout: 1 });
      sqs.destroy();
    },
  };
}

async function send(sqs: SQSClient, { queueUrl }: BenchPractice, body: string): Promise<void> {
  await sqs.send(new SendMessageCommand({ QueueUrl: queueUrl, MessageBody: body }));
}
