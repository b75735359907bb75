import { describe, expect, it } from 'vitest';
import { AgentError } from '../runtime/index.ts';
import { createBench, createGate, done, type Handle } from './testing/queue-bench.ts';

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

  it('commits what is done after it was reported and before the deletion; each for itself where all cannot be', async () => {
    const seen: string[] = [];
    let fails = false;
    const bench = createBench(async () => done, {
      async keep(work) {
        const before = bench.inbox.size;
        work();
        const left = bench.sqs.remaining().length;
        seen.push(`reported ${bench.results.length}, noted ${before} to ${bench.inbox.size}, left ${left}`);
        if (!fails) return;
        bench.inbox.delete('message-4');
        throw new AgentError('DISK_FULL');
      },
    });
    void bench.serving();
    // Three patients at once wait for the disk once.
    for (const code of [1, 2, 3]) bench.sync(code);
    await bench.clock.advance(100);
    expect(seen).toEqual(['reported 3, noted 0 to 3, left 3']);
    expect(bench.sqs.remaining()).toEqual([]);
    fails = true;
    bench.sync(4);
    await bench.clock.advance(100);
    expect(bench.results).toHaveLength(4);
    expect([...bench.inbox.keys()]).toEqual(['message-1', 'message-2', 'message-3', 'message-4']);
    expect(bench.sqs.remaining()).toEqual([]);
    expect(bench.errors).toHaveLength(1);
  });

  it('goes on with the next patients while a slow disk is waited for once, and deletes nothing before', async () => {
    const disk = Promise.withResolvers<void>();
    const waits: number[] = [];
    const bench = createBench(async () => done, {
      async keep(work) {
        work();
        waits.push(bench.inbox.size);
        await disk.promise;
      },
    });
    void bench.serving();
    for (const code of [1, 2, 3, 4, 5]) {
      bench.sync(code);
      await bench.clock.advance(1_000);
    }
    expect(bench.results).toHaveLength(5);
    expect(bench.sqs.remaining()).toHaveLength(5);
    expect(waits).toEqual([1]);
    disk.resolve();
    await bench.clock.advance(200);
    expect(waits).toEqual([1, 5]);
    expect(bench.sqs.remaining()).toEqual([]);
  });

  it('notes what is done between patients, not while one is read or sent; and not for ever', async () => {
    const noted: number[] = [];
    const bench = createBench(
      async (message) => {
        await bench.clock.sleep(message.type === 'patient-sync' && message.patientCode === 1 ? 10 : 40);
        return done;
      },
      {
        async keep(work) {
          noted.push(bench.clock.monotonic() - startedMs);
          work();
        },
      },
    );
    let startedMs = bench.clock.monotonic();
    void bench.serving();
    await bench.clock.advance(1_000);
    startedMs = bench.clock.monotonic();
    bench.sync(1);
    bench.sync(2);
    await bench.clock.advance(200);
    expect(bench.results).toHaveLength(2);
    expect(noted).toHaveLength(1);
    expect(noted[0]).toBeGreaterThanOrEqual(40);

    // One after the other without a gap.
    noted.length = 0;
    startedMs = bench.clock.monotonic();
    for (let code = 3; code < 40; code++) {
      bench.sync(code);
      await bench.clock.advance(10);
    }
    await bench.clock.advance(1_000);
    expect(noted.length).toBeGreaterThan(2);
    expect(bench.sqs.remaining()).toEqual([]);
  });

  it('has room for the next patient as soon as one is carried out, whatever the queue takes for its deletion', async () => {
    const gate = createGate();
    const bench = createBench(gate.handle);
    const original = { ...bench.sqs.transport };
    bench.sqs.transport.deleteBatch = async (handles) => {
      await bench.clock.sleep(5_000);
      return original.deleteBatch(handles);
    };
    void bench.serving();
    for (let code = 1; code <= 8; code++) bench.sync(code);
    await bench.clock.advance(100);
    const first = gate.open.length;
    expect(first).toBeLessThan(8);
    for (const command of gate.open) command.finish();
    await bench.clock.advance(100);
    expect(gate.open.length).toBeGreaterThan(first);
    expect(bench.sqs.remaining()).toHaveLength(8);
    for (const command of gate.open) command.finish();
    await bench.clock.advance(60_000);
    expect(bench.sqs.remaining()).toEqual([]);
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
