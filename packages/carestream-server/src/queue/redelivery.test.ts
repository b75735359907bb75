import { describe, expect, it } from 'vitest';
import { AgentError } from '../runtime/index.ts';
import type { CommandOutcome } from './index.ts';
import { createBench, done } from './testing/queue-bench.ts';

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

  it('is told of once, although one hour of serving follows another', async () => {
    const bench = createBench(async () => done, { receivesMost: 50 });
    bench.sqs.send('{"type":"patient-merge"}');
    bench.sqs.send('{');
    for (let hour = 0; hour < 5; hour++) await bench.clock.runUntil(bench.serving({ lastsMs: 3_600_000 }));
    expect(bench.results).toHaveLength(2);
    expect(bench.unknownTypes).toHaveLength(1);
  });
});
