import { describe, expect, it } from 'vitest';
import { AgentError } from '../runtime/index.ts';
import { createBench, done } from './testing/queue-bench.ts';

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
