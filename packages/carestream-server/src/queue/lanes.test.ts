import { describe, expect, it } from 'vitest';
import { createBench, createGate, done } from './testing/queue-bench.ts';

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
