import { describe, expect, it } from 'vitest';
import type { CommandOutcome } from './index.ts';
import { createBench, createGate, done } from './testing/queue-bench.ts';

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

  it('deletes what was carried out before it ends, and hands none of that back', async () => {
    const bench = createBench(async () => done);
    const original = { ...bench.sqs.transport };
    bench.sqs.transport.deleteBatch = async (handles) => {
      await bench.clock.sleep(3_000);
      return original.deleteBatch(handles);
    };
    const serving = bench.serving();
    for (let code = 1; code <= 6; code++) bench.sync(code);
    await bench.clock.advance(1);
    bench.stop.abort();
    await bench.clock.runUntil(serving);
    expect(bench.results).toHaveLength(6);
    expect(bench.inbox.size).toBe(6);
    expect(bench.sqs.remaining()).toEqual([]);
    expect(bench.sqs.changes).toEqual([]);
    expect(bench.queue.stats().inFlight).toBe(0);
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
