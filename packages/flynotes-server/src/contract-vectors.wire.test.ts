import { readFileSync } from 'node:fs';
import path from 'node:path';
import { agentCalls } from '@flynotes/carestream-server/api';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createFlynotesServer, type FlynotesServer } from './index.ts';
import { createPracticeDigester } from './ingest/index.ts';
import { addPractice, operatorToken, type PracticeUnderTest } from './testing/server-under-test.ts';

interface HttpVector {
  name: string;
  call: keyof typeof agentCalls;
  side: 'request' | 'answer';
  valid: boolean;
  body: Record<string, unknown>;
}
interface DigestVectors {
  keyBase64: string;
  vectors: { record: { patientCode: number }; digest: string; bucket: number }[];
  root: { patients: number; root: string };
}

const folder = path.resolve(import.meta.dirname, '../../carestream-server/src/contract/vectors');
const read = <Shape>(name: string) => JSON.parse(readFileSync(path.join(folder, name), 'utf8')) as Shape;

/** The contract's recordings against this end. */
describe('recorded examples', () => {
  let server: FlynotesServer;
  const digests = read<DigestVectors>('digests.json');

  beforeAll(async () => {
    server = await createFlynotesServer({ operatorToken });
  });
  afterAll(async () => {
    await server?.close();
  });

  const begin = async (practice: PracticeUnderTest): Promise<string> =>
    ((await practice.agent('POST', '/v1/bulk-passes', { reason: 'scheduled' })).body as { passId: string }).passId;

  test.each(read<{ vectors: HttpVector[] }>('http-api.json').vectors.filter(({ side }) => side === 'request'))(
    '$name',
    async ({ call, valid, body }) => {
      const practice = await addPractice(server);
      const { method, path: template } = agentCalls[call];
      const patientCode = (body['record'] as { basics?: { patientCode?: number } } | undefined)?.basics?.patientCode;
      const passId = template.includes('{passId}') ? await begin(practice) : '';
      const url = template.replace('{passId}', passId).replace('{patientCode}', String(patientCode));
      const answer = await practice.agent(method, url, body);
      const named = (answer.body as { code?: string } | null)?.code;
      if (call === 'sendBatch' && !valid) {
        // One bad row never fails a batch: it is named in the answer.
        expect(answer.status).toBe(200);
        expect(agentCalls.sendBatch.answer.parse(answer.body).refused).toHaveLength(1);
      } else if (valid) {
        expect(named, JSON.stringify(answer.body)).not.toBe('REQUEST_INVALID');
        // This server has no queue, and says so.
        if (call === 'licence') expect(named).toBe('QUEUE_MISSING');
        else agentCalls[call].answer.parse(answer.body);
      } else {
        expect(answer.status).toBeGreaterThanOrEqual(400);
        expect(answer.status).toBeLessThan(500);
      }
    },
  );

  test('digests and buckets', () => {
    const digester = createPracticeDigester(digests.keyBase64);
    for (const { record, digest, bucket } of digests.vectors) {
      expect(digester.ofRecord(record as never)).toBe(digest);
      expect(digester.bucketOf(record.patientCode)).toBe(bucket);
    }
  });

  test('the recorded root is what the database sums up to', async () => {
    const other = await addPractice(server, 'Recorded');
    await server.database.query('update practices set digest_key = $1 where id = $2', [digests.keyBase64, other.id]);
    const begun = await other.agent('POST', '/v1/bulk-passes', { reason: 'scheduled' });
    const { passId } = begun.body as { passId: string };
    const patients = digests.vectors.map(({ record }, index) => ({ readSequence: index + 1, basics: record }));
    const sent = await other.agent('POST', `/v1/bulk-passes/${passId}/batches`, {
      n: 0,
      round: 0,
      patients,
      removals: [],
    });
    expect(sent.body).toMatchObject({ changed: patients.length, refused: [] });
    const { patients: count, root } = digests.root;
    const done = await other.agent('POST', `/v1/bulk-passes/${passId}/complete`, { patients: count, root, round: 0 });
    expect(done.body).toMatchObject({ outcome: 'equal', patients: count, root });
  });
});
