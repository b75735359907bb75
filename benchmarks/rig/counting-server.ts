/**
 * Flynotes' side of a bulk pass at the least possible cost, in a process of its own: takes batches, keeps their bytes, counts them,
 * and believes the root. What it believed is verified on command, outside of all measurements. It also is the practice's queue.
 */
import { createHash, randomBytes, randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gunzipSync, zstdDecompressSync } from 'node:zlib';
import { batchRequestSchema, createBucketSums, type CompleteRequest } from '@flynotes/carestream-server/api';
import { createKeyedDigester } from '../../packages/carestream-server/src/upload/index.ts';
import { answerCommands } from './commands.ts';

interface Pass {
  readonly startedMs: number;
  endedMs: number | null;
  readonly bodies: { readonly bytes: Buffer; readonly coding: string | undefined }[];
  batches: number;
  bytes: number;
  told: CompleteRequest | null;
}

const digestKey = randomBytes(32).toString('base64');
const passes: Pass[] = [];
let ended: Pass[] = [];
let onEnded = (): void => undefined;
const messages: string[] = [];
let onMessage = (): void => undefined;
const held = new Map<number, string>();
let keeping = true;

const bodyOf = async (request: IncomingMessage): Promise<Buffer> => {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part as Buffer);
  return Buffer.concat(parts);
};

const send = (response: ServerResponse, answer: object): void => {
  const text = JSON.stringify(answer);
  response.writeHead(200, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) });
  response.end(text);
};

const plain = ({ bytes, coding }: Pass['bodies'][number]): Buffer =>
  coding === 'zstd' ? zstdDecompressSync(bytes) : coding === 'gzip' ? gunzipSync(bytes) : bytes;

const licence = (nonce: string): object => {
  const expiresAt = new Date(Date.now() + 86_400_000).toISOString();
  // No key of ours is pinned anywhere: the agent reports the directive as not to be trusted, and runs on as it is.
  const payload = Buffer.from(JSON.stringify({ practice: 'benchmark', nonce })).toString('base64');
  return {
    practice: { id: 'benchmark', name: 'Benchmark', timeZone: 'Europe/London' },
    queue: {
      url: `${url()}/queue/benchmark`,
      region: 'eu-west-2',
      endpoint: url(),
      credentials: { accessKeyId: 'ASIABENCHMARK', secretAccessKey: 'secret', sessionToken: 'token', expiresAt },
    },
    rollbar: null,
    registry: null,
    digest: { key: digestKey, canonicalVersion: 1 },
    highestReadSequence: 0,
    schemaOverrides: {},
    features: {},
    directive: { payload, signature: randomBytes(64).toString('base64'), keyId: '0'.repeat(16) },
    releaseManifest: null,
  };
};

const complete = (pass: Pass, told: CompleteRequest): object => {
  pass.told = told;
  pass.endedMs = performance.now();
  ended.push(pass);
  onEnded();
  return { outcome: 'equal', patients: told.patients, root: told.root, at: new Date().toISOString() };
};

/** SQS's JSON protocol, as far as one reader of one queue goes. */
const queue = async (action: string, body: { WaitTimeSeconds?: number; Entries?: { Id: string }[] }) => {
  if (action !== 'ReceiveMessage') return { Successful: (body.Entries ?? []).map(({ Id }) => ({ Id })), Failed: [] };
  if (messages.length === 0) {
    await new Promise<void>((resolve) => {
      const late = setTimeout(resolve, (body.WaitTimeSeconds ?? 0) * 1_000);
      onMessage = () => {
        clearTimeout(late);
        resolve();
      };
    });
  }
  const found = messages.splice(0, 10).map((text) => ({
    MessageId: randomUUID(),
    ReceiptHandle: randomUUID(),
    Body: text,
    MD5OfBody: createHash('md5').update(text).digest('hex'),
    Attributes: { SentTimestamp: String(Date.now()), ApproximateReceiveCount: '1' },
  }));
  return found.length === 0 ? {} : { Messages: found };
};

const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
  const bytes = await bodyOf(request);
  const path = request.url ?? '';
  const json = (): unknown =>
    JSON.parse(plain({ bytes, coding: request.headers['content-encoding'] }).toString() || '{}');
  const pass = passes.at(-1);
  const target = request.headers['x-amz-target'];
  if (typeof target === 'string') {
    send(response, await queue(target.split('.')[1] ?? '', json() as { WaitTimeSeconds?: number }));
  } else if (path.endsWith('/licence')) send(response, licence((json() as { nonce: string }).nonce));
  else if (path.endsWith('/bulk-passes')) {
    passes.push({
      startedMs: performance.now(),
      endedMs: null,
      bodies: [],
      batches: 0,
      bytes: bytes.byteLength,
      told: null,
    });
    const expiresAt = new Date(Date.now() + 3_600_000).toISOString();
    const passId = `pass-${passes.length}`;
    send(response, { passId, resumed: false, nextBatch: 0, expiresAt, contentCodings: ['zstd', 'gzip'] });
  } else if (pass !== undefined && path.endsWith('/batches')) {
    pass.batches += 1;
    if (keeping) pass.bodies.push({ bytes, coding: request.headers['content-encoding'] });
    pass.bytes += bytes.byteLength;
    send(response, { changed: 0, unchanged: 0, stale: 0, removed: 0, refused: [] });
  } else if (pass !== undefined && path.endsWith('/complete')) {
    pass.bytes += bytes.byteLength;
    send(response, complete(pass, json() as CompleteRequest));
  } else send(response, {});
};

/** Does what a server has to do, from the bytes that came: each record read, digested, summed up. */
const verify = (pass: Pass): object => {
  const digester = createKeyedDigester({ key: digestKey, canonicalVersion: 1 });
  for (const body of pass.bodies) {
    const batch = batchRequestSchema.parse(JSON.parse(plain(body).toString()));
    for (const { basics } of batch.patients) held.set(basics.patientCode, digester.ofRecord(basics));
    for (const { patientCode } of batch.removals) held.delete(patientCode);
  }
  const sums = createBucketSums();
  for (const [code, digest] of held) sums.add(digester.bucketOf(code), digest);
  const { told } = pass;
  if (told === null) return { fault: 'the pass has not ended' };
  if (told.patients !== sums.patients) return { fault: `${sums.patients} patients came, ${told.patients} were told` };
  return told.root === digester.rootOf(sums.sums) ? { patients: sums.patients } : { fault: 'the roots differ' };
};

const pass = async (n: number): Promise<object> => {
  while (ended.length < n) await new Promise<void>((resolve) => (onEnded = resolve));
  const { startedMs, endedMs, batches, bytes, told } = ended[n - 1] ?? ended[0]!;
  return { passMs: (endedMs ?? 0) - startedMs, batches, bytes, patients: told?.patients ?? null };
};

const server = createServer((request, response) => {
  answer(request, response).catch((error: unknown) => {
    process.stderr.write(`${String(error)}\n`);
    response.destroy();
  });
});
server.keepAliveTimeout = 60_000;
await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
const url = (): string => `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

await answerCommands({ port: (server.address() as AddressInfo).port }, async (command) => {
  if ('pass' in command) return pass(Number(command['pass']));
  if ('verify' in command) return verify(ended.at(-1)!);
  if ('keepNothing' in command) {
    keeping = false;
    return {};
  }
  if ('forget' in command) {
    passes.length = 0;
    ended = [];
    held.clear();
    return {};
  }
  if ('bodies' in command) {
    return {
      bodies: (ended[Number(command['bodies']) - 1]?.bodies ?? []).map((body) => ({
        bytes: body.bytes.toString('base64'),
        coding: body.coding ?? null,
      })),
    };
  }
  messages.push(JSON.stringify(command['message']));
  onMessage();
  return {};
});
process.exit(0);
