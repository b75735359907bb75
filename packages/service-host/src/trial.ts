import { emptyState, withQuarantined, type HostState, type Trial } from './host-state.ts';
import type { StagedDirective } from './staged-file.ts';
import { compareVersions } from './version-order.ts';

/** Failed tries after which stable has its turn. */
export const triesMost = 3;
/** Tries without a verdict after which stable has its turn: a release may be what takes the machine down. */
export const interruptionsMost = 10;
/** Times that stable must do well right after the candidate did badly before the candidate is blamed. */
export const strikesMost = 2;

/** @see {@link accept} */
export type Acceptance =
  | { readonly outcome: 'candidate' | 'already-stable' | 'already-candidate'; readonly state: HostState }
  | { readonly outcome: 'refused'; readonly reason: string };

/** Whose turn it is. */
export function candidateIsNext(state: HostState): boolean {
  return state.candidate !== null && state.tries < triesMost;
}

/** Takes a verified directive for the next candidate, or says why not. Up and down are alike; back in time is not. */
export function accept(state: HostState, directive: StagedDirective, runningStable: string | null): Acceptance {
  const { sequence, floor, version, folder, releaseSha512, attempt, keyId } = directive;
  const refused = (reason: string): Acceptance => ({ outcome: 'refused', reason });
  if (folder === state.candidate && sequence === state.sequence) return { outcome: 'already-candidate', state };
  if (sequence <= state.sequence) return refused('directive: older than the last one');
  if (compareVersions(floor, state.floor) < 0) return refused('directive: lowers the floor');
  if (compareVersions(version, floor) < 0) return refused(`directive: ${version} is below the floor ${floor}`);
  if (isQuarantined(state, releaseSha512, attempt)) return refused('directive: this release was undone before');
  const obeyed = { ...state, sequence, floor, directiveKey: keyId };
  const sameTrial = folder === state.candidate && attempt === state.trial?.attempt;
  if (sameTrial) return { outcome: 'already-candidate', state: obeyed };
  const withoutTrial = { ...obeyed, candidate: null, tries: 0, trial: null };
  if (folder === (state.stable ?? runningStable)) return { outcome: 'already-stable', state: withoutTrial };
  const trial: Trial = { releaseSha512, attempt, open: false, interrupted: 0, strikes: 0, failure: null };
  return { outcome: 'candidate', state: { ...withoutTrial, candidate: folder, trial } };
}

/**
 * Sequence and floor bind those alone who could have raised them. Where `keys.json` no longer pins the key that did, it was stolen or has
 * retired: its thief may have raised both beyond what any honest directive would ever reach.
 */
export function forgetUnpinned(state: HostState, pinned: readonly { readonly keyId: string }[]): HostState {
  const { directiveKey } = state;
  if (directiveKey === null || pinned.some(({ keyId }) => keyId === directiveKey)) return state;
  return { ...state, sequence: emptyState.sequence, floor: emptyState.floor, directiveKey: null };
}

/** Whether a release was undone and no higher attempt was named since. */
export function isQuarantined(state: HostState, releaseSha512: string, attempt: number): boolean {
  return state.quarantined.some((each) => each.releaseSha512 === releaseSha512 && each.attempt >= attempt);
}

/** To be written before the candidate is launched. */
export function tryBegun(state: HostState): HostState {
  return state.trial === null ? state : withTrial({ ...state, tries: state.tries + 1 }, { open: true });
}

/** The candidate ended badly, by itself. */
export function tryFailed(state: HostState, failure: string): HostState {
  return withTrial(state, { open: false, failure });
}

/** The candidate was stopped from outside: nothing was learnt. */
export function tryStopped(state: HostState): HostState {
  return state.trial?.open === true
    ? withTrial({ ...state, tries: Math.max(0, state.tries - 1) }, { open: false })
    : state;
}

/** The try ended without a verdict: the host was killed, the power went, a restart was asked for. That burns no try, but is counted. */
export function tryInterrupted(state: HostState): HostState {
  if (state.trial?.open !== true) return state;
  const interrupted = state.trial.interrupted + 1;
  const closed = withTrial(tryStopped(state), { interrupted });
  if (interrupted < interruptionsMost) return closed;
  return turnOver(withTrial(closed, { interrupted: 0 }), `ended ${interrupted} times before it was proven`);
}

/** Enough of the candidate: stable's turn. */
export function turnOver(state: HostState, failure: string): HostState {
  return state.trial === null ? state : withTrial({ ...state, tries: triesMost }, { open: false, failure });
}

/** Stable did well where the candidate had not. The second time it is the candidate's fault; the first time it may have been the world's. */
export function stableDidWell(state: HostState): HostState {
  if (state.trial === null) return state;
  const strikes = state.trial.strikes + 1;
  if (strikes >= strikesMost) return quarantine(state, state.trial.failure ?? 'did not become healthy');
  return withTrial({ ...state, tries: 0 }, { open: false, strikes });
}

/** Stable did no better: the world is broken, not the release. */
export function stableDidNoBetter(state: HostState): HostState {
  return withTrial({ ...state, tries: 0 }, { open: false, strikes: 0 });
}

/** The candidate is undone, until a directive names a higher attempt. */
export function quarantine(state: HostState, reason: string): HostState {
  if (state.trial === null) return state;
  const { releaseSha512, attempt } = state.trial;
  const quarantined = withQuarantined(state.quarantined, { releaseSha512, attempt, reason });
  return { ...state, candidate: null, tries: 0, trial: null, quarantined };
}

/** The candidate has proven itself. */
export function promote(state: HostState, stableBefore: string | null): HostState {
  const previous = stableBefore === state.candidate ? state.previous : stableBefore;
  const stableAttempt = state.trial?.attempt ?? 1;
  const quarantined = state.quarantined.filter((each) => each.releaseSha512 !== state.trial?.releaseSha512);
  return {
    ...state,
    stable: state.candidate,
    previous,
    candidate: null,
    tries: 0,
    trial: null,
    stableAttempt,
    quarantined,
  };
}

/** A proven release has turned bad. It is put on trial again, against the release before it. */
export function doubt(
  state: HostState,
  stable: { readonly folder: string; readonly sha512: string; readonly failure: string },
  instead: string,
): HostState {
  const { folder, sha512: releaseSha512, failure } = stable;
  const attempt = folder === state.stable ? state.stableAttempt : 1;
  const trial: Trial = { releaseSha512, attempt, open: false, interrupted: 0, strikes: 0, failure };
  return { ...state, stable: instead, previous: null, candidate: folder, tries: triesMost, trial, stableAttempt: 1 };
}

function withTrial(state: HostState, change: Partial<Trial>): HostState {
  return state.trial === null ? state : { ...state, trial: { ...state.trial, ...change } };
}
