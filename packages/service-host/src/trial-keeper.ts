import { configurationExit, exitRuleOf } from './agent-interface.ts';
import type { AgentEnd } from './agent-process.ts';
import { firstStable, stableReleases, versionOf, type Choice, type ChoiceDeps } from './choice.ts';
import type { HealthWatch } from './health-watch.ts';
import type { HostTimes } from './times.ts';
import {
  candidateIsNext,
  doubt,
  promote,
  stableDidNoBetter,
  stableDidWell,
  tryFailed,
  tryInterrupted,
  tryStopped,
  turnOver,
} from './trial.ts';
import { judge, turnLengthMs, type Turn, type Verdict } from './turn.ts';

/** Crashes of stable in a row, never healthy for long between, after which the release before it is compared with it. */
const crashesBeforeDoubt = 10;

/** One life of the agent's process, as it is judged. */
export interface Life {
  readonly choice: Choice;
  readonly watch: HealthWatch;
}

/** Judges what runs, and writes down what comes of it. */
export interface TrialKeeper {
  /** False: nothing is to be launched now, as the judgement has just changed. */
  begin(choice: Choice): boolean;
  /** Looks at what runs: how long until the next look, or that it must make way. */
  look(life: Life): number | 'make-way';
  /** It ended by itself. True when the other side's turn begins, without a pause. */
  ended(life: Life, end: AgentEnd): boolean;
  /** The host itself is told to stop. */
  stopped(): void;
  /** What runs as stable, or would. */
  stableFolder(): string | null;
}

/** @see {@link TrialKeeper} */
export function createTrialKeeper(
  deps: ChoiceDeps & { readonly now: () => number; readonly onTurn: () => void },
  times: HostTimes,
): TrialKeeper {
  const { memory, log, now } = deps;
  let turn: Turn | null = null;
  let alternations = 0;
  let crashesInARow = 0;
  let heardAt = now();
  let stableRan: string | null = null;

  const stableFolder = (): string | null => memory.state.stable ?? stableRan ?? firstStable(deps)?.folder ?? null;

  const kindOf = (role: Choice['role']): Turn['kind'] => {
    if (role === 'candidate') return 'trial';
    if (memory.state.candidate === null) return 'alone';
    return candidateIsNext(memory.state) ? 'unwritten' : 'comparison';
  };

  const enter = (kind: Turn['kind']): Turn => {
    const about = `${kind} ${memory.state.candidate} ${memory.state.trial?.attempt}`;
    // A turn goes on over crashes and pauses.
    if (turn?.about === about) return turn;
    deps.onTurn();
    const startedAt = now();
    const lastsMs = kind === 'unwritten' ? times.waitMs : turnLengthMs(alternations, times);
    turn = { about, kind, startedAt, lastsMs, unhealthySince: startedAt, losses: 0 };
    return turn;
  };

  const settle = (verdict: 'did-well' | 'no-better'): void => {
    const { candidate, trial } = memory.state;
    turn = null;
    if (candidate === null || trial === null) return;
    const version = versionOf(candidate);
    if (verdict === 'no-better') {
      alternations += 1;
      memory.set(stableDidNoBetter(memory.state));
      log.write({ event: 'world-broken', version, nextTurnMs: turnLengthMs(alternations, times) });
      return;
    }
    alternations = 0;
    memory.set(stableDidWell(memory.state));
    log.write({ event: 'strike', version, strikes: trial.strikes + 1 });
    const undone = memory.state.quarantined.at(-1);
    if (memory.state.candidate === null && undone !== undefined) {
      log.write({ event: 'quarantined', version, attempt: undone.attempt, reason: undone.reason });
    }
  };

  const keep = (choice: Choice): void => {
    const { version, folder } = choice.release;
    memory.set(promote(memory.state, stableRan ?? stableFolder()));
    log.write({ event: 'promoted', version, folder });
    alternations = 0;
    stableRan = folder;
    enter('alone');
  };

  /** True when what runs goes on running. */
  const obey = (verdict: Exclude<Verdict, { verdict: 'go-on' }>, choice: Choice): boolean => {
    switch (verdict.verdict) {
      case 'promote':
        keep(choice);
        return true;
      case 'turn-over':
        memory.set(turnOver(memory.state, verdict.reason));
        log.write({ event: 'turn-over', version: choice.release.version, reason: verdict.reason });
        return false;
      case 'did-well':
      case 'no-better':
        settle(verdict.verdict);
        if (memory.state.candidate !== null) return false;
        enter('alone');
        return true;
      case 'try-writing':
        turn = null;
        if (memory.probe()) return false;
        enter('unwritten');
        return true;
      case 'restart':
        return false;
    }
  };

  const judgeTry = (end: AgentEnd, { everHealthy }: HealthWatch): void => {
    const rule = exitRuleOf(end.exitCode);
    const failure = wordsOf(end, everHealthy);
    // Trying again changes nothing. Whether the configuration is at fault, stable will show.
    if (end.exitCode === configurationExit) memory.set(turnOver(memory.state, failure));
    else if (rule === 'wait' || (rule !== 'grow' && everHealthy)) memory.set(tryInterrupted(memory.state));
    else memory.set(tryFailed(memory.state, failure));
  };

  const putOnTrialAgain = ({ release }: Choice, failure: string): boolean => {
    for (const { folder } of stableReleases(deps)) {
      if (folder === release.folder) continue;
      memory.set(doubt(memory.state, { ...release, failure }, folder));
      log.write({ event: 'turn-over', version: release.version, reason: failure });
      return true;
    }
    return false;
  };

  const countCrash = ({ choice, watch }: Life, end: AgentEnd): void => {
    const crashed = exitRuleOf(end.exitCode) === 'grow' && end.exitCode !== unreachableExit;
    const proven = watch.longestMs(now()) >= times.healthyResetMs;
    crashesInARow = crashed && !proven ? crashesInARow + 1 : 0;
    if (crashesInARow < crashesBeforeDoubt || memory.state.candidate !== null) return;
    crashesInARow = 0;
    putOnTrialAgain(choice, 'crashed again and again after it had been proven');
  };

  /** A release that cannot reach Flynotes can never be told to make way for another. */
  const isForlorn = ({ choice, watch }: Life): boolean => {
    heardAt = Math.max(heardAt, watch.heardAt ?? heardAt);
    if (turn?.kind !== 'alone' || now() - heardAt < times.unheardMostMs) return false;
    heardAt = now();
    return putOnTrialAgain(choice, 'did not reach Flynotes for long after it had been proven');
  };

  return {
    stableFolder,
    begin(choice) {
      const { kind, startedAt, lastsMs } = enter(kindOf(choice.role));
      // Stable may never run long enough to be looked at.
      if (kind === 'comparison' && now() - startedAt >= lastsMs) {
        settle('no-better');
        return false;
      }
      if (choice.role === 'stable') stableRan = choice.release.folder;
      return true;
    },
    look(life) {
      const { choice, watch } = life;
      if (turn === null) return 0;
      if (isForlorn(life)) return 'make-way';
      const verdict = judge(turn, watch, now(), times);
      if (verdict.verdict === 'go-on') return Math.min(verdict.lookAgainMs, times.unheardMostMs);
      return obey(verdict, choice) ? 0 : 'make-way';
    },
    ended(life, end) {
      const { choice, watch } = life;
      const { candidate, trial } = memory.state;
      if (candidate !== choice.release.folder || trial?.open !== true) {
        countCrash(life, end);
        return false;
      }
      if (turn !== null) {
        turn.losses += watch.losses;
        if (watch.everHealthy) turn.unhealthySince = watch.heldMs(now()) === null ? watch.unhealthySince : now();
      }
      judgeTry(end, watch);
      if (candidateIsNext(memory.state)) return false;
      log.write({
        event: 'turn-over',
        version: choice.release.version,
        reason: memory.state.trial?.failure ?? '',
      });
      return true;
    },
    stopped: () => void memory.set(tryStopped(memory.state)),
  };
}

/** Neither database nor Flynotes was within reach: no crash. */
const unreachableExit = 21;

function wordsOf(end: AgentEnd, everHealthy: boolean): string {
  const how = end.exitCode === null ? (end.signal ?? 'no exit code') : `exit ${end.exitCode}`;
  const what = exitRuleOf(end.exitCode) === 'grow' ? 'crashed' : 'ended';
  return [`${what}${everHealthy ? ' after it was healthy' : ''}: ${how}`, end.words].filter(Boolean).join(', ');
}
