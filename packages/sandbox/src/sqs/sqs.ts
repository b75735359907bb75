import { randomBytes } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { buildApp } from 'fauxqs';
import type { QueueCredentials } from '@flynotes/carestream-server/api';
import { createSqsFaults, type SqsFault, type SqsFaults } from './faults.ts';
import { createGuard, queueNameOf, type Refusal } from './guard.ts';
import { registerIssuer } from './issuer.ts';
import { createKeys, type AdminCredentials } from './keys.ts';
import { createQueueAdministration, type QueueAdministration } from './administration.ts';

/** Options of {@link createSqs}. */
export interface SqsOptions {
  /** 0 for any free port. */
  readonly port?: number;
  readonly host?: string;
  readonly region?: string;
  /** Made up where not given. */
  readonly admin?: AdminCredentials;
  /** How long issued credentials last where the request does not say, and at most. 36 hours, the most that STS grants. */
  readonly credentialsMostS?: number;
  /** The service's clock; tests turn it. */
  readonly now?: () => number;
  /** Told of each request that was let through, before it is answered: an empty receive is answered 20 s later. */
  readonly onAccepted?: (action: string) => void;
}

/** How many requests were let through and turned away. */
export interface SqsStats {
  /** Action → requests. */
  readonly accepted: Readonly<Record<string, number>>;
  /** Error code → requests that the guard refused. */
  readonly refused: Readonly<Record<string, number>>;
  /** Kind of fault → requests that met it. */
  readonly injected: Readonly<Record<string, number>>;
  readonly credentialsIssued: number;
}

/** A queue service on this machine that speaks SQS's JSON protocol and takes credentials seriously. */
export interface Sqs extends QueueAdministration, AsyncDisposable {
  readonly port: number;
  readonly region: string;
  /** For `endpoint` of an SDK client. */
  readonly endpoint: string;
  /** `POST {issuerUrl}/credentials` `{ queueUrl, durationS? }` → temporary credentials for that queue. */
  readonly issuerUrl: string;
  readonly adminCredentials: AdminCredentials;
  readonly faults: SqsFaults;
  /** The same as the issuer's HTTP call. */
  issueCredentials(queueUrl: string, durationS?: number): QueueCredentials;
  /** Every temporary credential issued so far expires now; returns how many were still valid. */
  expireAll(): number;
  /** Every temporary credential issued so far becomes unknown. */
  forgetAll(): void;
  stats(): SqsStats;
  close(): Promise<void>;
}

/** Bodies of SQS stay below 1 MiB; batches share that limit. */
const bodyBytesMost = 2_097_152;
const stsMostS = 129_600;

/**
 * Starts fauxqs with a guard in front of it, inside the same server: signature, session token, expiry and permission are checked
 * on the raw bytes before the request reaches the queues, so that a long poll wakes without another hop.
 */
export async function createSqs(options: SqsOptions = {}): Promise<Sqs> {
  const region = options.region ?? 'eu-west-2';
  const host = options.host ?? '127.0.0.1';
  const now = options.now ?? (() => Date.now());
  const keys = createKeys({ now, ...(options.admin ? { admin: options.admin } : {}) });
  const guard = createGuard({ keys, now }, region);
  const faults = createSqsFaults();
  const counts = {
    accepted: new Map<string, number>(),
    refused: new Map<string, number>(),
    injected: new Map<string, number>(),
  };
  const inside = randomBytes(16).toString('hex');
  const app = buildApp({ logger: false, defaultRegion: region });
  const credentialsMostS = options.credentialsMostS ?? stsMostS;

  // Only SQS itself and the issuer are open; fauxqs's other services (S3, SNS, inspection) are not.
  app.addHook('onRequest', async (request, reply) => {
    const path = request.url.split('?', 1)[0];
    const open = request.method === 'POST' && (path === '/' || path === '/credentials');
    if (!open && request.headers['x-sandbox-inside'] !== inside) return reply.code(404).send({ message: 'Not found' });
  });

  app.addHook('preParsing', async (request, reply, payload) => {
    if (request.url !== '/') return payload;
    const body = await collect(payload);
    if (!body) return reply.code(413).send({ message: 'Request entity too large' });
    const action = (String(request.headers['x-amz-target'] ?? '').split('.', 2)[1] ?? '').slice(0, 60);
    const fault = faults.take(action);
    if (fault) {
      count(counts.injected, fault.kind);
      if (fault.kind === 'delay') await sleep(fault.delayMs);
      else if (fault.kind === 'reset' && fault.when === 'after') lostAnswers.add(request.id);
      else if (fault.kind === 'reset') {
        reply.hijack();
        request.raw.socket.resetAndDestroy();
        return Readable.from([]);
      } else return send(reply, answerOf(fault));
    }
    const headers = flatten(request.headers);
    const refusal = guard({ method: request.method, target: request.url, headers, body }, action);
    if (refusal) {
      count(counts.refused, refusal.code);
      return send(reply, refusal);
    }
    count(counts.accepted, action);
    options.onAccepted?.(action);
    return Readable.from([body], { objectMode: false });
  });

  const lostAnswers = new Set<string>();
  app.addHook('onSend', async (request, reply, payload) => {
    // The SDK sets its clock by this header.
    reply.header('date', new Date(now()).toUTCString());
    if (lostAnswers.delete(request.id)) {
      reply.hijack();
      request.raw.socket.resetAndDestroy();
    }
    return payload;
  });

  registerIssuer(app, { issue, mostS: credentialsMostS });
  await app.listen({ port: options.port ?? 0, host });
  const address = app.server.address();
  const port = typeof address === 'object' && address ? address.port : 0;
  const endpoint = `http://${host}:${port}`;
  const close = () => app.close();

  function issue(queueUrl: string, durationS?: number): QueueCredentials {
    return keys.issue(queueNameOf(queueUrl), Math.min(durationS ?? credentialsMostS, credentialsMostS));
  }

  return {
    port,
    region,
    endpoint,
    issuerUrl: endpoint,
    adminCredentials: keys.admin,
    faults,
    issueCredentials: issue,
    expireAll: () => keys.expireAll(),
    forgetAll: () => keys.forgetAll(),
    stats: () => ({
      accepted: Object.fromEntries(counts.accepted),
      refused: Object.fromEntries(counts.refused),
      injected: Object.fromEntries(counts.injected),
      credentialsIssued: keys.issued(),
    }),
    ...createQueueAdministration({ endpoint, region, admin: keys.admin, now, inspect }),
    close,
    [Symbol.asyncDispose]: async () => {
      await close();
    },
  };

  async function inspect(queueName: string): Promise<unknown> {
    const answer = await app.inject({ url: `/_fauxqs/queues/${queueName}`, headers: { 'x-sandbox-inside': inside } });
    return answer.statusCode === 200 ? answer.json() : null;
  }
}

/** Refuses as SQS's JSON protocol does; `x-amzn-query-error` bears the code of the older protocol, as the real service sends it. */
function send<
  Reply extends {
    code(status: number): Reply;
    headers(values: Record<string, string>): Reply;
    send(body: unknown): Reply;
  },
>(reply: Reply, refusal: Refusal): Reply {
  const side = refusal.status < 500 ? 'Sender' : 'Receiver';
  const queryCode = refusal.code === 'QueueDoesNotExist' ? 'AWS.SimpleQueueService.NonExistentQueue' : refusal.code;
  return reply
    .code(refusal.status)
    .headers({ 'content-type': 'application/x-amz-json-1.0', 'x-amzn-query-error': `${queryCode};${side}` })
    .send(JSON.stringify({ __type: `com.amazonaws.sqs#${refusal.code}`, message: refusal.message }));
}

function answerOf(fault: Exclude<SqsFault, { kind: 'reset' | 'delay' }>): Refusal {
  switch (fault.kind) {
    case 'unavailable':
      return {
        status: 503,
        code: 'ServiceUnavailable',
        message: 'The request has failed due to a temporary failure of the server.',
      };
    case 'throttled':
      return { status: 403, code: 'RequestThrottled', message: 'The request was denied due to request throttling.' };
    case 'queue-gone':
      return { status: 400, code: 'QueueDoesNotExist', message: 'The specified queue does not exist.' };
    case 'refused':
      return { status: fault.status ?? 403, code: fault.code, message: 'Refused on demand.' };
  }
}

async function collect(payload: AsyncIterable<Buffer>): Promise<Buffer | null> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of payload) {
    size += chunk.length;
    if (size > bodyBytesMost) return null;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function flatten(headers: IncomingHttpHeaders): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name, Array.isArray(value) ? value.join(',') : (value ?? '')]),
  );
}

function count(counts: Map<string, number>, key: string): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}
