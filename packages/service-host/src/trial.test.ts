import fc from 'fast-check';
import { timesOf } from '@flynotes/testkit';
import { describe, expect, test } from 'vitest';
import { emptyState, readState, type HostState } from './host-state.ts';
import type { StagedDirective } from './staged-file.ts';
import {
  accept,
  candidateIsNext,
  forgetUnpinned,
  interruptionsMost,
  promote,
  stableDidNoBetter,
  stableDidWell,
  triesMost,
  tryBegun,
  tryFailed,
  tryInterrupted,
  tryStopped,
  turnOver,
} from './trial.ts';
import { compareVersions } from './version-order.ts';

const directiveOf = (change: Partial<StagedDirective> & { digit?: string } = {}): StagedDirective => {
  const releaseSha512 = (change.digit ?? 'a').repeat(128);
  const version = change.version ?? '1.1.0';
  return {
    sequence: 1,
    version,
    releaseSha512,
    attempt: 1,
    floor: '1.0.0',
    folder: `${version}-${releaseSha512.slice(0, 8)}`,
    keyId: 'e'.repeat(16),
    ...change,
  };
};
const accepted = (state: HostState, directive: StagedDirective, runs: string | null = null): HostState => {
  const answer = accept(state, directive, runs);
  if (answer.outcome === 'refused') throw new Error(answer.reason);
  return answer.state;
};
const onTrial = accepted({ ...emptyState, stable: '1.0.0-00000000' }, directiveOf());

describe('a directive', () => {
  test('makes a candidate, up or down', () => {
    expect(onTrial).toMatchObject({ candidate: '1.1.0-aaaaaaaa', tries: 0, sequence: 1, floor: '1.0.0' });
    const down = directiveOf({ version: '1.0.5', sequence: 2 });
    expect(accept({ ...onTrial, candidate: null, trial: null, stable: '1.1.0-aaaaaaaa' }, down, null).outcome).toBe(
      'candidate',
    );
  });

  test('of a key that is no longer pinned binds nobody; of one that is, for ever', () => {
    const raised = accepted(onTrial, directiveOf({ sequence: Number.MAX_SAFE_INTEGER, floor: '1.1.0' }));
    const { keyId } = directiveOf();
    expect(forgetUnpinned(raised, [{ keyId: '0'.repeat(16) }, { keyId }])).toBe(raised);
    const next = directiveOf({ sequence: 7, version: '1.0.5', digit: 'b', keyId: '0'.repeat(16) });
    expect(accept(raised, next, null).outcome).toBe('refused');
    const forgotten = forgetUnpinned(raised, [{ keyId: '0'.repeat(16) }]);
    // Nothing else is forgotten with it.
    expect(forgotten).toEqual({ ...raised, sequence: 0, floor: '0.0.0', directiveKey: null });
    expect(accept(forgotten, next, null)).toMatchObject({ state: { sequence: 7, directiveKey: next.keyId } });
  });

  test('for what was undone is refused, however new, until it names a higher attempt', () => {
    const { releaseSha512 } = directiveOf();
    const undone = { ...emptyState, quarantined: [{ releaseSha512, attempt: 2, reason: 'crashed: exit 1' }] };
    for (const attempt of [1, 2]) {
      expect(accept(undone, directiveOf({ sequence: 9, attempt }), null).outcome).toBe('refused');
    }
    expect(accept(undone, directiveOf({ sequence: 9, attempt: 3 }), null).outcome).toBe('candidate');
    expect(accept(undone, directiveOf({ sequence: 9, digit: 'b' }), null).outcome).toBe('candidate');
  });

  test('that names what runs ends a trial of something else', () => {
    const back = directiveOf({ version: '1.0.0', digit: '0', sequence: 2 });
    expect(accept(onTrial, back, null)).toMatchObject({
      outcome: 'already-stable',
      state: { candidate: null, trial: null, stable: '1.0.0-00000000', sequence: 2 },
    });
    // What the installer brought counts as what runs, where nothing else was ever proven.
    const installed = directiveOf({ sequence: 2 });
    expect(accept(emptyState, installed, '1.1.0-aaaaaaaa').outcome).toBe('already-stable');
  });

  test('that names the candidate again lets the trial go on', () => {
    const tried = tryFailed(tryBegun(onTrial), 'crashed: exit 1');
    const again = accept(tried, directiveOf({ sequence: 5 }), null);
    expect(again).toMatchObject({ outcome: 'already-candidate', state: { tries: 1, sequence: 5 } });
    const anew = accept(tried, directiveOf({ sequence: 6, attempt: 2 }), null);
    expect(anew).toMatchObject({ outcome: 'candidate', state: { tries: 0, trial: { attempt: 2 } } });
  });

  test.each<[string, Partial<StagedDirective>]>([
    ['older', { sequence: 0 }],
    ['played again', { sequence: 1, version: '1.2.0', folder: '1.2.0-aaaaaaaa' }],
    ['with a lower floor', { sequence: 2, floor: '0.9.9' }],
    ['below its floor', { sequence: 2, floor: '1.1.1' }],
    ['below its floor by a pre-release', { sequence: 2, version: '1.1.0-rc.1', floor: '1.1.0' }],
  ])('%s is refused', (_, change) => expect(accept(onTrial, directiveOf(change), null).outcome).toBe('refused'));
});

describe('a trial', () => {
  const failedTurn = (state: HostState): HostState => {
    let next = state;
    while (candidateIsNext(next)) next = tryFailed(tryBegun(next), 'crashed: exit 1');
    return next;
  };

  test('has three tries, then it is stable’s turn', () => {
    expect(failedTurn(onTrial)).toMatchObject({ tries: triesMost, candidate: onTrial.candidate, quarantined: [] });
  });

  test('ends in quarantine when stable did well twice in a row', () => {
    const once = stableDidWell(failedTurn(onTrial));
    expect(once).toMatchObject({ tries: 0, candidate: onTrial.candidate, quarantined: [] });
    expect(stableDidWell(failedTurn(once))).toMatchObject({
      candidate: null,
      trial: null,
      quarantined: [{ releaseSha512: 'a'.repeat(128), attempt: 1, reason: 'crashed: exit 1' }],
    });
  });

  test('begins anew when stable did no better', () => {
    const once = stableDidWell(failedTurn(onTrial));
    const world = stableDidNoBetter(failedTurn(once));
    expect(world).toMatchObject({ tries: 0, candidate: onTrial.candidate, trial: { strikes: 0 }, quarantined: [] });
  });

  test('is not shortened by stops, and by ends without a verdict only after ten', () => {
    let state = onTrial;
    for (let n = 0; n < 50; n++) state = tryStopped(tryBegun(state));
    expect(state).toMatchObject({ tries: 0, trial: { interrupted: 0 } });
    for (let n = 1; n < interruptionsMost; n++) state = tryInterrupted(tryBegun(state));
    expect(state).toMatchObject({ tries: 0, trial: { interrupted: interruptionsMost - 1 } });
    expect(candidateIsNext(tryInterrupted(tryBegun(state)))).toBe(false);
    // Nothing was open: nobody saw nothing.
    expect(tryInterrupted(onTrial)).toEqual(onTrial);
  });
});

test('whatever happens in whatever order, the state is one that can be read back, and what only grows never falls', () => {
  const steps: Record<string, (state: HostState, directive: StagedDirective) => HostState> = {
    accept(state, directive) {
      const answer = accept(state, directive, null);
      return answer.outcome === 'refused' ? state : answer.state;
    },
    tryBegun: (state) => (candidateIsNext(state) ? tryBegun(state) : state),
    tryFailed: (state) => tryFailed(state, 'crashed: exit 1'),
    tryStopped,
    tryInterrupted,
    turnOver: (state) => turnOver(state, 'never healthy: database'),
    stableDidWell,
    stableDidNoBetter,
    promote: (state) => (state.candidate === null ? state : promote(state, state.stable)),
  };
  const step = fc.record({
    name: fc.constantFrom(...Object.keys(steps)),
    directive: fc.record({
      sequence: fc.nat(40),
      digit: fc.constantFrom('a', 'b', 'c'),
      version: fc.constantFrom('1.0.0', '1.1.0', '1.2.0-rc.1', '2.0.0'),
      attempt: fc.integer({ min: 1, max: 3 }),
      floor: fc.constantFrom('0.9.0', '1.0.0', '1.1.0'),
    }),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (walk) => {
      let state: HostState = emptyState;
      for (const { name, directive } of walk) {
        const before = state;
        const given = directiveOf(directive);
        const { digit: _, ...clean } = given as StagedDirective & { digit?: string };
        state = steps[name]?.(before, clean) ?? before;
        expect(readState(JSON.parse(JSON.stringify(state)))).toEqual(state);
        expect(state.sequence).toBeGreaterThanOrEqual(before.sequence);
        expect(compareVersions(state.floor, before.floor)).toBeGreaterThanOrEqual(0);
        expect(state.tries).toBeGreaterThanOrEqual(0);
        expect(state.tries).toBeLessThanOrEqual(triesMost);
        // Only what stable was compared with, and outdone twice, is ever undone.
        if (state.quarantined.length > before.quarantined.length) {
          expect([name, before.trial?.strikes]).toEqual(['stableDidWell', 1]);
        }
        // Stable changes by promotion alone.
        if (state.stable !== before.stable) expect(name).toBe('promote');
      }
    }),
    { numRuns: timesOf(300, 20_000), seed: 20_261_123 },
  );
});
