import { createVirtualClock } from '@flynotes/testkit';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { serializeMessage, type CommandResult, type Message, type MessageInput } from '../contract/index.ts';
import { AgentError, type EventName } from '../runtime/index.ts';
import { createInMemoryQueue, createQueue, type CommandContext, type CommandOutcome } from './index.ts';

type Handle = (message: Message, context: CommandContext, signal: AbortSignal) => Promise<CommandOutcome>;

/** A queue, an agent's end of it, and everything that was told. */
function createBench(handle: Handle, options: { receivesMost?: number; inbox?: Map<string, true> } = {}) {
  const clock = createVirtualClock();
  const sqs = createInMemoryQueue(
    clock,
    options.receivesMost === undefined ? {} : { receivesMost: options.receivesMost },
  );
  const inbox = options.inbox ?? new Map<string, true>();
  const events: { name: EventName; fields: Record<string, unknown>; at: number }[] = [];
  const errors: unknown[] = [];
  const results: CommandResult[] = [];
  const unknownTypes: string[] = [];
  const inboxFailure: { error?: unknown } = {};
  const stop = new AbortController();
  const queue = createQueue(
    {
      clock,
      log: {
        emit: (name, fields) => void events.push({ name, fields: { ...fields }, at: clock.monotonic() }),
        error: (error) => void errors.push(error),
      },
      inbox: {
        begin(messageId) {
          if (inboxFailure.error !== undefined) throw inboxFailure.error;
          return inbox.has(messageId) ? 'done' : 'new';
        },
        done(messageId) {
          if (inboxFailure.error !== undefined) throw inboxFailure.error;
          inbox.set(messageId, true);
        },
      },
      credentials: {
        current: () => {
          throw new Error('not used');
        },
        renew: () => Promise.reject(new Error('not used')),
      },
      handle,
      onUnknownType: (type) => void unknownTypes.push(type),
      report: (result) => void results.push(result),
      transport: sqs.transport,
    },
    { url: 'https://queue.example.com/1/practice', region: 'eu-west-2' },
  );
  const serving = (options?: { lastsMs?: number }) => queue.serve(stop.signal, options);
  const send = (message: MessageInput) => sqs.send(serializeMessage(message));
  const sync = (patientCode: number) => send({ type: 'patient-sync', patientCode });
  const named = (name: EventName) => events.filter((event) => event.name === name);
  const outcomes = () => results.map(({ messageId, outcome, code }) => [messageId, outcome, code]);
  return {
    clock,
    sqs,
    inbox,
    inboxFailure,
    events,
    errors,
    results,
    unknownTypes,
    stop,
    queue,
    serving,
    send,
    sync,
    named,
    outcomes,
  };
}

const done: CommandOutcome = { outcome: 'done' };

/** A handler that keeps each command open until it is let go. */
function createGate() {
  const open: {
    message: Message;
    signal: AbortSignal;
    finish(outcome?: CommandOutcome): void;
    fail(error: unknown): void;
  }[] = [];
  const handle: Handle = (message, _context, signal) =>
    new Promise((resolve, reject) => {
      open.push({ message, signal, finish: (outcome = done) => resolve(outcome), fail: reject });
    });
  return { open, handle, types: () => open.map(({ message }) => message.type) };
}

describe('lanes', () => {
  it('carries out a patient while a bulk upload runs', async () => {
    const gate = createGate();
    const bench = createBench(gate.handle);
    void bench.serving();
    bench.send({ type: 'bulk-upload-patients' });
    await bench.clock.advance(100);
    bench.sync(1);
    bench.send({ type: 'test' });
    await bench.clock.advance(100);
    expect(gate.types()).toEqual(['bulk-upload-patients', 'patient-sync', 'test']);
    gate.open[1]?.finish();
    await bench.clock.advance(100);
    expect(bench.outcomes()).toEqual([['message-2', 'done', undefined]]);
    expect(bench.sqs.remaining()).toEqual(['message-1', 'message-3']);
  });

  it('takes patients first out of one batch, four at once, the others as they came', async () => {
    const gate = createGate();
    const bench = createBench(gate.handle);
    bench.send({ type: 'questionnaire-questions-upload' });
    bench.send({ type: 'test' });
    for (const code of [1, 2, 3, 4, 5]) bench.sync(code);
    void bench.serving();
    await bench.clock.advance(100);
    const patients = () =>
      gate.open.flatMap(({ message }) => (message.type === 'patient-sync' ? [message.patientCode] : []));
    expect(gate.types().slice(0, 4)).toEqual(['patient-sync', 'patient-sync', 'patient-sync', 'patient-sync']);
    expect(patients()).toEqual([1, 2, 3, 4]);
    gate.open[2]?.finish();
    await bench.clock.advance(100);
    expect(patients()).toEqual([1, 2, 3, 4, 5]);
  });

  it('lets several bulk messages in, so that they can join one pass', async () => {
    const gate = createGate();
    const bench = createBench(gate.handle);
    void bench.serving();
    for (let count = 0; count < 12; count++) bench.send({ type: 'bulk-upload-patients' });
    await bench.clock.advance(600_000);
    expect(gate.open).toHaveLength(12);
    for (const command of gate.open) command.finish();
    await bench.clock.advance(1_000);
    expect(bench.sqs.remaining()).toEqual([]);
    expect(gate.open).toHaveLength(12);
  });

  it('reads one questionnaire list at a time', async () => {
    const gate = createGate();
    const bench = createBench(gate.handle);
    void bench.serving();
    bench.send({ type: 'questionnaire-questions-upload' });
    bench.send({ type: 'questionnaire-answers-upload' });
    await bench.clock.advance(1_000);
    expect(gate.open).toHaveLength(1);
    gate.open[0]?.finish();
    await bench.clock.advance(1_000);
    expect(gate.open).toHaveLength(2);
  });

  it('fetches no more patients than it can keep waiting', async () => {
    let running = 0;
    let mostRunning = 0;
    let mostHeld = 0;
    const bench = createBench(async () => {
      running += 1;
      mostRunning = Math.max(mostRunning, running);
      mostHeld = Math.max(mostHeld, bench.queue.stats().inFlight);
      await bench.clock.sleep(1_000);
      running -= 1;
      return done;
    });
    for (let code = 1; code <= 500; code++) bench.sync(code);
    void bench.serving();
    await bench.clock.advance(140_000);
    expect(bench.sqs.remaining()).toEqual([]);
    expect(bench.results).toHaveLength(500);
    expect(mostRunning).toBe(4);
    expect(mostHeld).toBeLessThanOrEqual(120);
  });
});

describe('acknowledging', () => {
  it('deletes only after the result is reported and the inbox knows', async () => {
    const order: string[] = [];
    const bench = createBench(async () => (order.push('effect'), done));
    const original = { ...bench.sqs.transport };
    bench.sqs.transport.deleteBatch = async (handles) => {
      order.push(`delete, reported ${bench.results.length}, noted ${bench.inbox.size}`);
      return original.deleteBatch(handles);
    };
    void bench.serving();
    bench.sync(1);
    await bench.clock.advance(100);
    expect(order).toEqual(['effect', 'delete, reported 1, noted 1']);
  });

  it('keeps a message hidden for as long as its command takes', async () => {
    let runs = 0;
    const bench = createBench(async () => {
      runs += 1;
      await bench.clock.sleep(3_600_000);
      return done;
    });
    void bench.serving();
    bench.send({ type: 'bulk-upload-patients' });
    await bench.clock.advance(3_700_000);
    expect(runs).toBe(1);
    expect(bench.sqs.remaining()).toEqual([]);
    expect(bench.sqs.changes.length).toBeGreaterThan(300);
  });

  it('does not begin again what is in hand and comes once more, and deletes it by its newest receipt', async () => {
    const gate = createGate();
    const bench = createBench(gate.handle);
    void bench.serving();
    const messageId = bench.sync(1);
    await bench.clock.advance(100);
    bench.sqs.repeat(messageId);
    await bench.clock.advance(100);
    expect(gate.open).toHaveLength(1);
    gate.open[0]?.finish();
    await bench.clock.advance(100);
    expect(bench.sqs.remaining()).toEqual([]);
    expect(bench.results).toHaveLength(1);
  });

  it('deletes without doing it again what was done in an earlier life', async () => {
    let runs = 0;
    const inbox = new Map([['message-1', true as const]]);
    const bench = createBench(async () => (runs++, done), { inbox });
    void bench.serving();
    bench.sync(1);
    await bench.clock.advance(100);
    expect(runs).toBe(0);
    expect(bench.results).toEqual([]);
    expect(bench.sqs.remaining()).toEqual([]);
  });

  it('carries commands out although the inbox cannot be read or written', async () => {
    const bench = createBench(async () => done);
    bench.inboxFailure.error = new AgentError('DISK_FULL');
    void bench.serving();
    bench.sync(1);
    await bench.clock.advance(100);
    expect(bench.outcomes()).toEqual([['message-1', 'done', undefined]]);
    expect(bench.sqs.remaining()).toEqual([]);
    expect(bench.errors).not.toEqual([]);
  });

  it('tells where the time went', async () => {
    const bench = createBench(async () => ({
      outcome: 'done',
      legs: { readMs: 3, uploadedMs: 4 },
      figures: { items: 2 },
    }));
    bench.sync(7);
    await bench.clock.advance(1_500);
    void bench.serving();
    await bench.clock.advance(100);
    expect(bench.results[0]).toMatchObject({
      type: 'patient-sync',
      patientCode: 7,
      legs: { queuedMs: 1_500, dispatchedMs: 0, readMs: 3, uploadedMs: 4 },
      figures: { items: 2 },
    });
    expect(bench.queue.stats()).toMatchObject({ lagMs: 1_500, inFlight: 0, failing: null });
  });
});

describe('failures of commands', () => {
  it('reports a failure at once, and tries again until it is done', async () => {
    let runs = 0;
    const bench = createBench(async () => {
      runs += 1;
      if (runs < 3) throw new AgentError('PRACTICE_UNREACHABLE');
      return done;
    });
    void bench.serving();
    bench.sync(1);
    await bench.clock.advance(100);
    expect(bench.outcomes()).toEqual([['message-1', 'failed', 'PRACTICE_UNREACHABLE']]);
    await bench.clock.advance(60_000);
    expect(bench.outcomes().map(([, outcome]) => outcome)).toEqual(['failed', 'failed', 'done']);
    expect(bench.sqs.remaining()).toEqual([]);
  });

  it('uses up few receives in an outage', async () => {
    let runs = 0;
    const bench = createBench(
      async () => {
        runs += 1;
        throw new AgentError('PRACTICE_UNREACHABLE');
      },
      { receivesMost: 10 },
    );
    void bench.serving();
    bench.sync(1);
    await bench.clock.advance(3_600_000);
    expect(runs).toBeLessThan(10);
    expect(bench.sqs.remaining()).toHaveLength(1);
  });

  it.each([
    [
      'thrown',
      async (): Promise<CommandOutcome> => {
        throw new AgentError('RECORD_INVALID');
      },
    ],
    ['returned', async (): Promise<CommandOutcome> => ({ outcome: 'failed', code: 'RECORD_INVALID' })],
  ])(
    'sets aside what fails for good (%s): reported once, tried once, left to the dead-letter queue',
    async (_how, fail) => {
      let runs = 0;
      const bench = createBench(() => (runs++, fail()), { receivesMost: 5 });
      void bench.serving();
      bench.sync(1);
      await bench.clock.advance(60_000);
      expect(runs).toBe(1);
      expect(bench.outcomes()).toEqual([['message-1', 'failed', 'RECORD_INVALID']]);
      expect(bench.sqs.deadLetters()).toEqual(['message-1']);
    },
  );

  it.each(['not-found', 'rejected'] as const)('takes %s for an end', async (outcome) => {
    const bench = createBench(async () => ({ outcome }));
    void bench.serving();
    bench.sync(1);
    await bench.clock.advance(60_000);
    expect(bench.outcomes()).toEqual([['message-1', outcome, undefined]]);
    expect(bench.sqs.remaining()).toEqual([]);
  });

  it('gives up a command that takes too long, and frees its place', async () => {
    const bench = createBench((message) =>
      message.type === 'patient-sync' && message.patientCode <= 4
        ? new Promise(() => undefined)
        : Promise.resolve(done),
    );
    void bench.serving();
    for (const code of [1, 2, 3, 4, 5]) bench.sync(code);
    await bench.clock.advance(125_000);
    expect(
      bench
        .outcomes()
        .slice(0, 4)
        .map(([, outcome, code]) => [outcome, code]),
    ).toEqual(Array.from({ length: 4 }, () => ['failed', 'COMMAND_TIMEOUT']));
    expect(bench.outcomes()).toContainEqual(['message-5', 'done', undefined]);
  });

  it('reports a fault without a code as such, and keeps serving', async () => {
    let runs = 0;
    const bench = createBench(async () => {
      if (runs++ === 0) throw new TypeError('a patient’s name');
      return done;
    });
    void bench.serving();
    bench.sync(1);
    await bench.clock.advance(10_000);
    expect(bench.outcomes()).toEqual([
      ['message-1', 'failed', 'COMMAND_FAILED'],
      ['message-1', 'done', undefined],
    ]);
  });
});

describe('messages that are none', () => {
  it.each([
    { what: 'no JSON', body: 'Aloysius Quartermain-Obi', type: 'unknown', reason: 'not-json', names: [] },
    { what: 'a list', body: '["Aloysius Quartermain-Obi"]', type: 'unknown', reason: 'not-an-object', names: [] },
    {
      what: 'a wrong field',
      body: '{"type":"patient-sync","patientCode":"Aloysius Quartermain-Obi","requestedAt":"2026-01-05T08:00:00Z","schemaVersion":1}',
      type: 'patient-sync',
      reason: 'invalid-fields',
      names: ['patientCode'],
    },
    { what: 'no type', body: '{"patientCode":1}', type: 'unknown', reason: 'invalid-fields', names: ['type'] },
  ])(
    'reports $what once, by shape alone, and leaves it to the dead-letter queue',
    async ({ body, type, reason, names }) => {
      let runs = 0;
      const bench = createBench(async () => (runs++, done), { receivesMost: 5 });
      void bench.serving();
      bench.sqs.send(body);
      await bench.clock.advance(1);
      expect(bench.results).toMatchObject([
        { messageId: 'message-1', type, outcome: 'rejected', code: 'MESSAGE_INVALID' },
      ]);
      await bench.clock.advance(30_000);
      expect(bench.sqs.deadLetters()).toEqual(['message-1']);
      expect(bench.results).toHaveLength(1);
      expect(bench.named('message.invalid').map(({ fields }) => fields)).toEqual([
        { messageId: 'message-1', code: 'MESSAGE_INVALID', reason, sizeBytes: Buffer.byteLength(body), names },
      ]);
      expect(JSON.stringify([bench.events, bench.results])).not.toContain('Aloysius');
      expect(runs).toBe(0);
    },
  );

  it('does not spin where no dead-letter queue takes it', async () => {
    const bench = createBench(async () => done);
    void bench.serving();
    bench.sqs.send('{');
    await bench.clock.advance(86_400_000);
    expect(bench.sqs.changes.length).toBeLessThan(150);
    expect(bench.results).toHaveLength(1);
  });

  it('has the version checked for an unknown type, and lets the message come back', async () => {
    const bench = createBench(async () => done, { receivesMost: 20 });
    void bench.serving();
    bench.sqs.send('{"type":"patient-merge","from":1,"into":2}');
    await bench.clock.advance(1);
    expect(bench.unknownTypes).toEqual(['patient-merge']);
    expect(bench.outcomes()).toEqual([['message-1', 'failed', 'MESSAGE_TYPE_UNKNOWN']]);
    await bench.clock.advance(3_600_000);
    expect(bench.sqs.remaining()).toEqual(['message-1']);
    expect(bench.unknownTypes).toHaveLength(1);
    expect(bench.results).toHaveLength(1);
  });
});

describe('restart', () => {
  const restart =
    (bench: () => ReturnType<typeof createBench>): Handle =>
    async (message, context) => {
      if (message.type !== 'restart') return done;
      await context.acknowledge();
      expect(bench().sqs.remaining()).not.toContain(context.messageId);
      bench().stop.abort();
      return done;
    };

  it('is acknowledged before the end, which then comes at once', async () => {
    const bench: ReturnType<typeof createBench> = createBench(restart(() => bench));
    const serving = bench.serving();
    await bench.clock.advance(5_000);
    bench.send({ type: 'restart' });
    const askedAt = bench.clock.monotonic();
    await bench.clock.runUntil(serving);
    expect(bench.clock.monotonic() - askedAt).toBeLessThan(100);
    expect(bench.sqs.outstanding()).toBe(0);
    expect(bench.outcomes()).toEqual([['message-1', 'done', undefined]]);
  });

  it('does not loop although the queue refuses the deletion', async () => {
    const inbox = new Map<string, true>();
    let runs = 0;
    const handle =
      (bench: () => ReturnType<typeof createBench>): Handle =>
      async (_message, context) => {
        runs += 1;
        await context.acknowledge();
        bench().stop.abort();
        return done;
      };
    const first: ReturnType<typeof createBench> = createBench(
      handle(() => first),
      { inbox },
    );
    first.sqs.transport.deleteBatch = () => Promise.reject(new AgentError('QUEUE_UNAVAILABLE'));
    first.send({ type: 'restart' });
    await first.clock.runUntil(first.serving());
    expect(first.sqs.remaining()).toEqual(['message-1']);

    const second: ReturnType<typeof createBench> = createBench(
      handle(() => second),
      { inbox },
    );
    second.send({ type: 'restart' });
    void second.serving();
    await second.clock.advance(60_000);
    expect(runs).toBe(1);
    expect(second.sqs.remaining()).toEqual([]);
  });

  it('fails, and does not restart, when neither the queue nor the inbox takes note', async () => {
    let restarted = false;
    const bench = createBench(async (_message, context) => {
      await context.acknowledge();
      restarted = true;
      return done;
    });
    bench.inboxFailure.error = new AgentError('DISK_FULL');
    bench.sqs.transport.deleteBatch = () => Promise.reject(new AgentError('QUEUE_UNAVAILABLE'));
    void bench.serving();
    bench.send({ type: 'restart' });
    await bench.clock.advance(15_000);
    expect(restarted).toBe(false);
    expect(bench.outcomes()[0]).toEqual(['message-1', 'failed', 'STATE_UNUSABLE']);
  });
});

describe('stopping', () => {
  it('lets the outstanding receive return, and hands back what it brings', async () => {
    const gate = createGate();
    const bench = createBench(gate.handle);
    const serving = bench.serving();
    await bench.clock.advance(5_000);
    expect(bench.sqs.outstanding()).toBe(1);
    bench.stop.abort();
    await bench.clock.advance(1_000);
    expect(bench.sqs.outstanding()).toBe(1);
    bench.sync(1);
    await bench.clock.runUntil(serving);
    expect(gate.open).toEqual([]);
    expect(bench.sqs.changes).toEqual([{ messageId: 'message-1', visibilityS: 0 }]);
    expect(bench.results).toEqual([]);
    expect(bench.queue.stats().inFlight).toBe(0);
    expect(bench.clock.sleepers()).toBe(0);
  });

  it('finishes patients in flight and waiting, and hands back other work', async () => {
    const signals: AbortSignal[] = [];
    const bench = createBench(async (message, _context, signal) => {
      signals.push(signal);
      await bench.clock.sleep(message.type === 'patient-sync' ? 3_000 : 600_000, signal);
      return done;
    });
    const serving = bench.serving();
    for (let code = 1; code <= 8; code++) bench.sync(code);
    bench.send({ type: 'bulk-upload-patients' });
    bench.send({ type: 'questionnaire-questions-upload' });
    bench.send({ type: 'questionnaire-answers-upload' });
    await bench.clock.advance(1_000);
    bench.stop.abort();
    const stopAt = bench.clock.monotonic();
    await bench.clock.runUntil(serving);
    expect(bench.clock.monotonic() - stopAt).toBeLessThanOrEqual(25_000);
    expect(bench.results).toHaveLength(8);
    expect(bench.sqs.remaining()).toEqual(['message-9', 'message-10', 'message-11']);
    const handedBack = bench.sqs.changes
      .filter(({ visibilityS }) => visibilityS === 0)
      .map(({ messageId }) => messageId);
    expect(new Set(handedBack)).toEqual(new Set(['message-9', 'message-10', 'message-11']));
    expect(bench.errors).toEqual([]);
    expect(signals).toHaveLength(10);
  });

  it.each([
    ['nothing in flight', () => Promise.resolve(done)],
    ['commands that never end', () => new Promise<CommandOutcome>(() => undefined)],
  ])('is over within 25 s, with %s and a receive that never returns', async (_what, handle) => {
    const bench = createBench(handle);
    const original = { ...bench.sqs.transport };
    let receives = 0;
    bench.sqs.transport.receive = (waitS) => (receives++ < 2 ? original.receive(waitS) : new Promise(() => undefined));
    const serving = bench.serving();
    bench.sync(1);
    bench.send({ type: 'bulk-upload-patients' });
    await bench.clock.advance(10_000);
    bench.stop.abort();
    const stopAt = bench.clock.monotonic();
    await bench.clock.runUntil(serving);
    expect(bench.clock.monotonic() - stopAt).toBeLessThanOrEqual(25_000);
    expect(bench.queue.stats().inFlight).toBe(0);
    expect(bench.clock.sleepers()).toBe(0);
  });

  it('tells when commands did not end in time, and hands their messages back', async () => {
    const bench = createBench(() => new Promise(() => undefined));
    const serving = bench.serving();
    bench.sync(1);
    await bench.clock.advance(1_000);
    bench.stop.abort();
    await bench.clock.runUntil(serving);
    expect(bench.results).toEqual([]);
    expect(bench.errors).toMatchObject([{ code: 'STOPPED_LATE' }]);
    expect(bench.sqs.changes.at(-1)).toEqual({ messageId: 'message-1', visibilityS: 0 });
  });

  it('shortens the last receive where the end is known', async () => {
    const bench = createBench(async () => done);
    await bench.clock.runUntil(bench.serving({ lastsMs: 50_000 }));
    expect(bench.sqs.waits).toEqual([0, 20, 20, 10]);
    expect(bench.clock.monotonic()).toBe(50_000);
    await bench.clock.runUntil(bench.serving({ lastsMs: 5_000 }));
    expect(bench.sqs.waits.slice(4)).toEqual([0, 5]);
  });
});

describe('a queue that fails', () => {
  it('is asked at growing pauses, told once per episode, and told when it is back', async () => {
    const bench = createBench(async () => done);
    bench.sqs.failWith(new AgentError('QUEUE_UNREACHABLE', { details: { awsCode: 'ECONNREFUSED' } }));
    void bench.serving();
    await bench.clock.advance(600_000);
    expect(bench.named('queue.failed').map(({ fields }) => fields['code'])).toEqual(['QUEUE_UNREACHABLE']);
    expect(bench.sqs.waits.length).toBeLessThan(40);
    expect(bench.sqs.waits.every((waitS) => waitS === 0)).toBe(true);
    expect(bench.queue.stats().failing).toBe('QUEUE_UNREACHABLE');
    bench.sqs.failWith(new AgentError('QUEUE_MISSING'));
    await bench.clock.advance(60_000);
    bench.sqs.failWith(undefined);
    bench.sync(1);
    await bench.clock.advance(60_000);
    expect(bench.named('queue.failed').map(({ fields }) => fields['code'])).toEqual([
      'QUEUE_UNREACHABLE',
      'QUEUE_MISSING',
    ]);
    expect(bench.named('queue.recovered')).toHaveLength(1);
    expect(bench.named('queue.recovered')[0]?.fields['afterMs']).toBeGreaterThan(600_000);
    expect(bench.queue.stats().failing).toBeNull();
    expect(bench.outcomes()).toEqual([['message-1', 'done', undefined]]);
  });

  it('is not asked at full speed when it answers nothing at once', async () => {
    const bench = createBench(async () => done);
    let receives = 0;
    bench.sqs.transport.receive = async () => (receives++, []);
    void bench.serving();
    await bench.clock.advance(60_000);
    expect(receives).toBeLessThan(80);
  });

  it('gets the deletion once more when a call was lost', async () => {
    const bench = createBench(async () => done);
    const original = { ...bench.sqs.transport };
    let calls = 0;
    bench.sqs.transport.deleteBatch = (handles) =>
      calls++ < 2 ? Promise.reject(new AgentError('QUEUE_UNREACHABLE')) : original.deleteBatch(handles);
    void bench.serving();
    bench.sync(1);
    await bench.clock.advance(5_000);
    expect(bench.sqs.remaining()).toEqual([]);
    expect(bench.results).toHaveLength(1);
  });
});

describe('whatever happens', () => {
  it('every message has its effect, once where that is noted, and is gone or set aside at the end', async () => {
    const seed = 20_260_105;
    const kinds = fc.constantFrom('patient-sync', 'bulk-upload-patients', 'test', 'garbage', 'permanent' as const);
    const step = fc.record({
      kind: kinds,
      gapMs: fc.nat(20_000),
      failures: fc.nat(3),
      takesMs: fc.nat(40_000),
      repeated: fc.boolean(),
    });
    const outage = fc.record({ fromMs: fc.nat(120_000), lastsMs: fc.nat(60_000) });
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { minLength: 1, maxLength: 15 }),
        fc.array(outage, { maxLength: 3 }),
        async (steps, outages) => {
          const plans = new Map<string, (typeof steps)[number]>();
          const effects = new Map<string, number>();
          const tries = new Map<string, number>();
          const bench = createBench(
            async (_message, { messageId }, signal) => {
              const plan = plans.get(messageId);
              await bench.clock.sleep(plan?.takesMs ?? 0, signal);
              const tried = (tries.get(messageId) ?? 0) + 1;
              tries.set(messageId, tried);
              if (plan?.kind === 'permanent') throw new AgentError('RECORD_INVALID');
              if (tried <= (plan?.failures ?? 0)) throw new AgentError('FLYNOTES_UNREACHABLE');
              effects.set(messageId, (effects.get(messageId) ?? 0) + 1);
              return done;
            },
            { receivesMost: 15 },
          );
          void bench.serving();
          void (async () => {
            for (const { fromMs, lastsMs } of outages) {
              await bench.clock.sleep(fromMs);
              bench.sqs.failWith(new AgentError('QUEUE_UNREACHABLE'));
              await bench.clock.sleep(lastsMs);
              bench.sqs.failWith(undefined);
            }
          })();
          for (const plan of steps) {
            const id =
              plan.kind === 'garbage'
                ? bench.sqs.send('{')
                : plan.kind === 'patient-sync' || plan.kind === 'permanent'
                  ? bench.sync(1)
                  : bench.send({ type: plan.kind });
            plans.set(id, plan);
            await bench.clock.advance(plan.gapMs);
            if (plan.repeated) bench.sqs.repeat(id);
          }
          await bench.clock.advance(7_200_000);
          expect(bench.sqs.remaining()).toEqual([]);
          for (const [id, plan] of plans) {
            const lost = plan.kind === 'garbage' || plan.kind === 'permanent';
            expect(effects.get(id) ?? 0, id).toBe(lost ? 0 : 1);
            expect(bench.sqs.deadLetters().includes(id), id).toBe(lost);
            expect(bench.results.at(bench.results.findLastIndex(({ messageId }) => messageId === id))?.outcome).toBe(
              plan.kind === 'garbage' ? 'rejected' : plan.kind === 'permanent' ? 'failed' : 'done',
            );
          }
          bench.stop.abort();
        },
      ),
      { seed, numRuns: 40 },
    );
  });
});
