import { createServer, request as httpRequest } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { createSqs, type Sqs, type SqsOptions } from '../../../sandbox/src/sqs/index.ts';
import {
  serializeMessage,
  type CommandResult,
  type Message,
  type MessageInput,
  type QueueCredentials,
} from '../contract/index.ts';
import { AgentError, type EventName } from '../runtime/index.ts';
import { createSystemClock } from '../runtime/system-clock.ts';
import { createQueue, type CommandContext, type CommandOutcome, type Queue, type QueueOptions } from './index.ts';

const done: CommandOutcome = { outcome: 'done' };
const waiting = { timeout: 15_000, interval: 10 };
let cleanups: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const cleanup of cleanups.reverse()) await cleanup();
  cleanups = [];
});

interface WireOptions {
  readonly handle?: (message: Message, context: CommandContext, signal: AbortSignal) => Promise<CommandOutcome>;
  readonly sqs?: SqsOptions;
  readonly queue?: Partial<QueueOptions>;
  readonly receivesMost?: number;
  readonly renew?: (fresh: () => QueueCredentials) => Promise<QueueCredentials>;
  readonly first?: (credentials: QueueCredentials, sqs: Sqs) => QueueCredentials;
}

/** Our queue code, the AWS SDK, sockets, and an SQS that checks credentials. */
async function startWire(options: WireOptions = {}) {
  const clock = createSystemClock();
  const sqs: Sqs = await createSqs(options.sqs);
  const { queueUrl, deadLetterQueueUrl } = await sqs.createPracticeQueue('practice-1', {
    receivesMost: options.receivesMost ?? 10,
  });
  const inbox = new Set<string>();
  const events: { name: EventName; fields: Record<string, unknown> }[] = [];
  const results: CommandResult[] = [];
  const fresh = () => sqs.issueCredentials(queueUrl);
  const current = (options.first ?? ((credentials) => credentials))(fresh(), sqs);
  const stop = new AbortController();
  const queue: Queue = createQueue(
    {
      clock,
      log: {
        emit: (name, fields) => void events.push({ name, fields: { ...fields } }),
        error: (error) => void events.push({ name: 'error', fields: { error } }),
      },
      inbox: { begin: (id) => (inbox.has(id) ? 'done' : 'new'), done: (id) => void inbox.add(id) },
      credentials: { current: () => current, renew: async () => (options.renew ?? (async (make) => make()))(fresh) },
      handle: options.handle ?? (async () => done),
      onUnknownType: () => undefined,
      report: (result) => void results.push(result),
    },
    { url: queueUrl, region: sqs.region, endpoint: sqs.endpoint, ...options.queue },
  );
  const serving = queue.serve(stop.signal);
  cleanups.push(async () => {
    stop.abort();
    // The outstanding receive ends with the server.
    await sqs.close();
    await serving;
    queue.close();
  });
  const send = (message: MessageInput) => sqs.sendMessage(queueUrl, serializeMessage(message));
  const sync = (patientCode: number) => send({ type: 'patient-sync', patientCode });
  const outcomes = () => results.map(({ outcome, code }) => code ?? outcome);
  const named = (name: EventName) => events.filter((event) => event.name === name).map(({ fields }) => fields);
  const gone = async () => {
    const contents = await sqs.contents(queueUrl);
    expect([...(contents?.ready ?? []), ...(contents?.delayed ?? []), ...(contents?.inFlight ?? [])]).toEqual([]);
  };
  const receiving = () => vi.waitFor(() => expect(named('queue.receiving')).not.toEqual([]), waiting);
  return {
    clock,
    sqs,
    queueUrl,
    deadLetterQueueUrl,
    events,
    results,
    stop,
    queue,
    serving,
    send,
    sync,
    outcomes,
    named,
    gone,
    receiving,
  };
}

describe('the queue over the wire', () => {
  it('carries a command out and deletes its message', async () => {
    const wire = await startWire();
    await wire.receiving();
    const { messageId } = await wire.sync(1_000_123);
    await vi.waitFor(
      () => expect(wire.results).toMatchObject([{ messageId, outcome: 'done', patientCode: 1_000_123 }]),
      waiting,
    );
    expect(wire.results[0]?.legs.queuedMs).toBeGreaterThanOrEqual(0);
    await vi.waitFor(wire.gone, waiting);
    expect(wire.queue.stats()).toMatchObject({ failing: null, lastReceiveAt: expect.stringMatching(/Z$/) });
  });

  it('serves patients while a bulk upload holds its message, and shares calls for deletions', async () => {
    let release: (() => void) | undefined;
    const bulk = new Promise<void>((resolve) => (release = resolve));
    const wire = await startWire({
      handle: async (message) => {
        if (message.type === 'bulk-upload-patients') await bulk;
        return done;
      },
    });
    await wire.receiving();
    await wire.send({ type: 'bulk-upload-patients' });
    await vi.waitFor(() => expect(wire.queue.stats().inFlight).toBe(1), waiting);
    await Promise.all(Array.from({ length: 30 }, (_, code) => wire.sync(code + 1)));
    await vi.waitFor(() => expect(wire.results).toHaveLength(30), waiting);
    expect(wire.results.every(({ type }) => type === 'patient-sync')).toBe(true);
    release?.();
    await vi.waitFor(() => expect(wire.results).toHaveLength(31), waiting);
    await vi.waitFor(wire.gone, waiting);
    expect(wire.sqs.stats().accepted['DeleteMessage']).toBeUndefined();
    expect(wire.sqs.stats().accepted['DeleteMessageBatch']).toBeLessThan(31);
  });

  it('keeps a slow command’s message hidden', async () => {
    let runs = 0;
    const clock = createSystemClock();
    const wire = await startWire({
      queue: { visibilityS: 1 },
      handle: async () => {
        runs += 1;
        await clock.sleep(3_500);
        return done;
      },
    });
    await wire.send({ type: 'bulk-upload-patients' });
    await vi.waitFor(() => expect(wire.outcomes()).toEqual(['done']), waiting);
    await vi.waitFor(wire.gone, waiting);
    expect(runs).toBe(1);
    expect(wire.sqs.stats().accepted['ChangeMessageVisibilityBatch']).toBeGreaterThanOrEqual(5);
  });

  it('leaves a message that is none to the dead-letter queue', async () => {
    const wire = await startWire({ receivesMost: 3 });
    const { messageId } = await wire.sqs.sendMessage(wire.queueUrl, '{"type":"patient-sync","patientCode":"x"}');
    await vi.waitFor(async () => {
      expect((await wire.sqs.contents(wire.deadLetterQueueUrl))?.ready).toMatchObject([{ messageId }]);
    }, waiting);
    expect(wire.outcomes()).toEqual(['MESSAGE_INVALID']);
    expect(wire.named('message.invalid')).toMatchObject([{ names: ['patientCode', 'requestedAt', 'schemaVersion'] }]);
    await wire.gone();
  });

  it('ends at once after a restart, with the message gone', async () => {
    const wire = await startWire({
      handle: async (_message, context) => {
        await context.acknowledge();
        wire.stop.abort();
        return done;
      },
    });
    await wire.receiving();
    await wire.send({ type: 'restart' });
    await wire.serving;
    expect(wire.outcomes()).toEqual(['done']);
    await wire.gone();
  });
});

describe('credentials', () => {
  it.each([
    ['ExpiredToken', (sqs: Sqs) => void sqs.expireAll()],
    ['InvalidClientTokenId', (sqs: Sqs) => sqs.forgetAll()],
  ])('are renewed when refused with %s, and nothing is lost', async (code, spoil) => {
    const wire = await startWire();
    await wire.receiving();
    spoil(wire.sqs);
    // The receive that is outstanding was let in before; it brings the first message, and the next one is refused.
    for (const patient of [1, 2, 3]) await wire.sync(patient);
    await vi.waitFor(() => expect(wire.outcomes()).toEqual(['done', 'done', 'done']), waiting);
    await vi.waitFor(wire.gone, waiting);
    expect(wire.sqs.stats().refused[code]).toBeGreaterThan(0);
    expect(wire.named('queue.credentials-renewed')).toEqual([{ forced: true }]);
    expect(wire.named('queue.failed')).toEqual([]);
  });

  it('that expire while Flynotes is away stop the queue until it is back', async () => {
    let away = true;
    const wire = await startWire({
      first: (credentials) => ({ ...credentials, sessionToken: 'none of ours' }),
      renew: async (fresh) => {
        if (away) throw new AgentError('FLYNOTES_UNREACHABLE');
        return fresh();
      },
    });
    await wire.sync(1);
    await vi.waitFor(() => expect(wire.queue.stats().failing).toBe('FLYNOTES_UNREACHABLE'), waiting);
    away = false;
    await vi.waitFor(() => expect(wire.outcomes()).toEqual(['done']), waiting);
    expect(wire.named('queue.recovered')).toHaveLength(1);
  });

  it('with a wrong secret are refused and told, with SQS’s own code', async () => {
    const wire = await startWire({ first: (credentials) => ({ ...credentials, secretAccessKey: 'wrong' }) });
    await vi.waitFor(
      () =>
        expect(wire.named('queue.failed')).toMatchObject([{ code: 'QUEUE_REFUSED', awsCode: 'SignatureDoesNotMatch' }]),
      waiting,
    );
    expect(wire.sqs.stats().accepted['ReceiveMessage']).toBeUndefined();
  });

  it('of another queue are refused', async () => {
    const wire = await startWire({
      first: (_own, sqs) => sqs.issueCredentials('https://queue.example.com/1/practice-2'),
    });
    await vi.waitFor(
      () => expect(wire.named('queue.failed')).toMatchObject([{ code: 'QUEUE_REFUSED', awsCode: 'AccessDenied' }]),
      waiting,
    );
    expect(wire.sqs.stats().accepted['ReceiveMessage']).toBeUndefined();
  });

  it('work although this machine’s clock is two hours off', async () => {
    const wire = await startWire({ sqs: { now: () => Date.now() + 7_200_000 } });
    await wire.receiving();
    await wire.sync(1);
    await vi.waitFor(() => expect(wire.outcomes()).toEqual(['done']), waiting);
    expect(wire.sqs.stats().refused['SignatureDoesNotMatch']).toBe(1);
    expect(wire.named('queue.failed')).toEqual([]);
  });
});

describe('faults of the queue', () => {
  it.each([
    ['is unavailable', { kind: 'unavailable' as const }, 'QUEUE_UNAVAILABLE'],
    ['throttles', { kind: 'throttled' as const }, 'QUEUE_UNAVAILABLE'],
    ['resets connections', { kind: 'reset' as const }, 'QUEUE_UNREACHABLE'],
    ['is gone', { kind: 'queue-gone' as const }, 'QUEUE_MISSING'],
    ['refuses', { kind: 'refused' as const, code: 'AccessDenied' }, 'QUEUE_REFUSED'],
  ])('when it %s, that is told once, and what was sent meanwhile arrives', async (_what, fault, code) => {
    const wire = await startWire();
    await wire.receiving();
    const mend = wire.sqs.faults.add({ ...fault, actions: ['ReceiveMessage', 'DeleteMessageBatch'] });
    await wire.sync(1);
    await vi.waitFor(() => expect(wire.queue.stats().failing).toBe(code), waiting);
    await wire.sync(2);
    mend();
    await vi.waitFor(() => expect(wire.results).toHaveLength(2), waiting);
    await vi.waitFor(wire.gone, waiting);
    expect(wire.outcomes()).toEqual(['done', 'done']);
    expect(wire.named('queue.failed').filter(({ operation }) => operation === 'receive')).toMatchObject([{ code }]);
  });

  it('that lose the answer to a deletion do not repeat the command', async () => {
    let runs = 0;
    const wire = await startWire({ handle: async () => (runs++, done) });
    await wire.receiving();
    wire.sqs.faults.add({ kind: 'reset', when: 'after', actions: ['DeleteMessageBatch'], times: 2 });
    await wire.sync(1);
    await vi.waitFor(() => expect(wire.sqs.stats().injected['reset']).toBe(2), waiting);
    await vi.waitFor(wire.gone, waiting);
    expect(runs).toBe(1);
    expect(wire.outcomes()).toEqual(['done']);
  });

  it('a queue that is really deleted and made again is served again', async () => {
    const wire = await startWire();
    await wire.receiving();
    await wire.sqs.deleteQueue(wire.queueUrl);
    await vi.waitFor(() => expect(wire.queue.stats().failing).toBe('QUEUE_MISSING'), waiting);
    await wire.sqs.createPracticeQueue('practice-1');
    await wire.sync(1);
    await vi.waitFor(() => expect(wire.outcomes()).toEqual(['done']), waiting);
  });

  it('an answer that never comes is given up', async () => {
    const wire = await startWire({ queue: { requestMostMs: 300 } });
    wire.sqs.faults.add({ kind: 'delay', delayMs: 5_000, actions: ['ReceiveMessage'] });
    await vi.waitFor(() => expect(wire.queue.stats().failing).toBe('QUEUE_UNREACHABLE'), waiting);
  });
});

describe('a proxy', () => {
  it('is gone through where one is set', async () => {
    let proxied = 0;
    const proxy = createServer((incoming, outgoing) => {
      proxied += 1;
      const onward = httpRequest(
        incoming.url ?? '',
        { method: incoming.method, headers: incoming.headers },
        (answer) => {
          outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
          answer.pipe(outgoing);
        },
      );
      onward.on('error', () => outgoing.destroy());
      incoming.pipe(onward);
    });
    await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
    cleanups.push(async () => {
      proxy.closeAllConnections();
      await new Promise((resolve) => proxy.close(resolve));
    });
    const { port } = proxy.address() as AddressInfo;
    const wire = await startWire({ queue: { proxyEnv: { HTTP_PROXY: `http://127.0.0.1:${port}` } } });
    await wire.sync(1);
    await vi.waitFor(() => expect(wire.outcomes()).toEqual(['done']), waiting);
    expect(proxied).toBeGreaterThan(0);
  });
});
