import { timesOf } from '@flynotes/testkit';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AgentError } from '../runtime/index.ts';
import { createBench, done } from './testing/queue-bench.ts';

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
      { seed, numRuns: timesOf(40, 1_500) },
    );
  });
});
