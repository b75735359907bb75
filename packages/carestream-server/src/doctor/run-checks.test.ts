import { createVirtualClock } from '@flynotes/testkit';
import { describe, expect, test } from 'vitest';
import { AgentError } from '../runtime/index.ts';
import type { Check, CheckName } from './check.ts';
import { failed, passed, warned } from './finding.ts';
import { runChecks } from './run-checks.ts';

const never = new AbortController().signal;

function check(name: CheckName, changes: Partial<Check> = {}): Check {
  return { name, needs: [], mostMs: 1_000, late: 'FLYNOTES_TIMEOUT', run: async () => passed(name), ...changes };
}

describe('checks', () => {
  test('what depends on a failure is not checked and names its root; a warning stops nothing', async () => {
    const clock = createVirtualClock();
    const results = await runChecks(
      clock,
      [
        check('config', { run: async () => warned('DISK_LOW') }),
        check('dns', { needs: ['config'], run: async () => failed('FLYNOTES_NAME_UNRESOLVED') }),
        check('flynotes-tls', { needs: ['dns'] }),
        check('licence', { needs: ['flynotes-tls'] }),
        check('disk', { needs: ['config'] }),
      ],
      never,
    );
    expect(results.map(({ status }) => status)).toEqual(['warn', 'fail', 'not-checked', 'not-checked', 'pass']);
    expect(results[3]?.found).toBe('Not checked, because dns failed.');
  });

  test('needs may stand later in the list; results are told in the order of the list', async () => {
    const clock = createVirtualClock();
    const told: string[] = [];
    const ended: string[] = [];
    await runChecks(
      clock,
      [check('clock', { needs: ['flynotes-tls'] }), check('disk', { after: ['clock'] }), check('flynotes-tls')],
      never,
      { onResult: ({ name }) => void told.push(name), onEnded: ({ name }) => void ended.push(name) },
    );
    expect(told).toEqual(['clock', 'disk', 'flynotes-tls']);
    expect(ended).toEqual(['flynotes-tls', 'clock', 'disk']);
  });

  test('an error becomes its code and details; one that nobody foresaw says nothing of its message', async () => {
    const results = await runChecks(
      createVirtualClock(),
      [
        check('sql-login', {
          run: () => Promise.reject(new AgentError('PRACTICE_LOGIN_FAILED', { details: { number: 18_456 } })),
        }),
        check('sample', {
          run() {
            throw new TypeError('Gwendolyn Okonkwo');
          },
        }),
      ],
      never,
    );
    expect(results[0]).toMatchObject({ status: 'fail', code: 'PRACTICE_LOGIN_FAILED' });
    expect(results[0]?.found).toContain('number: 18456');
    expect(results[1]).toMatchObject({ status: 'fail', code: 'CRASH' });
    expect(JSON.stringify(results)).not.toContain('Gwendolyn');
  });

  test('what never answers is left after its time, told to end, and holds up nobody else', async () => {
    const clock = createVirtualClock();
    let told: unknown = null;
    const running = runChecks(
      clock,
      [
        check('licence', {
          run: (signal) =>
            new Promise((_, reject) => {
              signal.addEventListener('abort', () => {
                told = signal.reason;
                reject(signal.reason);
              });
            }),
        }),
        check('queue', { needs: ['licence'] }),
        check('sql-server', { run: () => new Promise(() => undefined), mostMs: 2_000, late: 'PRACTICE_TIMEOUT' }),
        check('disk'),
      ],
      never,
    );
    await clock.advance(2_000);
    const results = await running;
    expect(results.map(({ status, code }) => [status, code])).toEqual([
      ['fail', 'FLYNOTES_TIMEOUT'],
      ['not-checked', null],
      ['fail', 'PRACTICE_TIMEOUT'],
      ['pass', null],
    ]);
    expect(told).toBeInstanceOf(AgentError);
  });

  test('the end of all patience ends every check', async () => {
    const stop = new AbortController();
    const running = runChecks(
      createVirtualClock(),
      [check('licence', { run: () => new Promise(() => undefined) })],
      stop.signal,
    );
    stop.abort(new Error('enough'));
    expect((await running)[0]).toMatchObject({ status: 'fail', code: 'FLYNOTES_TIMEOUT' });
  });
});
