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
}

const waitMostMs = 120_000;

/**
 * The server's database tells of every change when it is committed; then the record is looked up there. Asking the server itself over
 * and over would keep it from its work.
 */
export async function startSampler(world: World, practice: BenchPractice): Promise<Sampler> {
  const sqs = world.sqsClient();
  const sql = postgres(world.databaseUrl, { max: 1, onnotice: () => undefined });
  const watched = new Set<() => void>();
  const listening = await sql.listen('flynotes_events', (id) => {
    if (id !== practice.practiceId) return;
    for (const look of watched) look();
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
      const before = await sequenceOf(patientCode);
      const stored = Promise.withResolvers<number>();
      const look = () => {
        // The notice comes with the commit; what the lookup takes is this program's own affair.
        const noticedAt = performance.now();
        void sequenceOf(patientCode).then((now) => {
          if (now > before) stored.resolve(noticedAt);
        }, stored.reject);
      };
      const late = setTimeout(
        () => stored.reject(new Error(`Patient ${patientCode} did not come within ${waitMostMs / 1_000} s.`)),
        waitMostMs,
      );
      watched.add(look);
      try {
        await send(sqs, practice, serializeMessage({ type: 'patient-sync', patientCode }));
        const sentAt = performance.now();
        return Math.max(0, (await stored.promise) - sentAt);
      } finally {
        watched.delete(look);
        clearTimeout(late);
      }
    },
    bulkUpload: () => send(sqs, practice, serializeMessage({ type: 'bulk-upload-patients' })),
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
