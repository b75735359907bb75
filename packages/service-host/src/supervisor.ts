import { existsSync } from 'node:fs';
import path from 'node:path';
import { configurationExit, exitRuleOf, hostVersion, places } from './agent-interface.ts';
import { launchAgent, type AgentEnd, type HostDirs } from './agent-process.ts';
import { createBell } from './bell.ts';
import { chooseNext, firstStable, stableReleases, versionOf, type Choice } from './choice.ts';
import { createHealthWatch, type HealthWatch } from './health-watch.ts';
import type { HostLog } from './host-log.ts';
import { createMemory } from './memory.ts';
import { createPauses } from './pauses.ts';
import { rebuildState } from './rebuild.ts';
import { createSlots } from './slots.ts';
import { awaitOrphan, noteAgent } from './orphan.ts';
import { readStaged } from './staged-file.ts';
import { takeStaged } from './staging.ts';
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
import { createVersionFolders } from './version-folders.ts';

/** What a supervisor runs with. */
export interface SupervisorOptions {
  readonly dirs: HostDirs;
  readonly configFile: string;
  /** The Node.js that runs the agent. */
  readonly node: string;
  readonly times: HostTimes;
}

/** What a supervisor needs. */
export interface SupervisorDeps {
  readonly log: HostLog;
  /** Monotonic, in ms: the wall clock may be a year off. */
  readonly now: () => number;
}

/** Crashes of stable in a row, never healthy between, after which the release before it is tried. */
const crashesBeforeDoubt = 10;

/** Keeps a release of the agent running until told to stop. It never ends by itself, whatever happens. */
export async function supervise(deps: SupervisorDeps, options: SupervisorOptions, stop: AbortSignal): Promise<void> {
  const { log, now } = deps;
  const { dirs, times } = options;
  const folders = createVersionFolders(dirs);
  const slots = createSlots(dirs.dataDir);
  const bell = createBell();
  const pauses = createPauses(times);
  stop.addEventListener('abort', () => bell.ring());

  const pause = async (ms: number): Promise<void> => {
    const until = now() + ms;
    while (!stop.aborted && now() < until) await bell.wait(until - now());
  };

  const read = slots.read();
  const memory = createMemory({ slots, log }, read ?? rebuildState(folders, readStaged(dirs)));
  if (read === null && places.slots.some((place) => existsSync(path.join(dirs.dataDir, place)))) {
    log.write({ event: 'state-rebuilt', stable: memory.state.stable, candidate: memory.state.candidate });
  }
  // Nobody saw how the last try ended.
  memory.set(tryInterrupted(memory.state));

  let turn: Turn | null = null;
  let alternations = 0;
  let crashesInARow = 0;
  let stableRan: string | null = null;

  const stableNow = (): string | null =>
    memory.state.stable ?? stableRan ?? firstStable({ memory, folders, log })?.folder ?? null;

  const turnOf = ({ role }: Choice): Turn => {
    const kind =
      role === 'candidate'
        ? 'trial'
        : memory.state.candidate === null
          ? 'alone'
          : candidateIsNext(memory.state)
            ? 'unwritten'
            : 'comparison';
    const about = `${kind} ${memory.state.candidate} ${memory.state.trial?.attempt}`;
    if (turn?.about === about) return turn;
    pauses.reset();
    const startedAt = now();
    const lastsMs = kind === 'unwritten' ? times.waitMs : turnLengthMs(alternations, times);
    return { about, kind, startedAt, lastsMs, unhealthySince: startedAt, losses: 0 };
  };

  const removeUnused = (choice: Choice): void => {
    // Not by a state that a power cut could take back.
    if (!memory.flush()) return;
    const { stable, previous, candidate } = memory.state;
    const kept = new Set([stable, previous, candidate, choice.release.folder].filter((folder) => folder !== null));
    for (const folder of folders.removeAllBut(kept)) log.write({ event: 'removed', folder });
  };

  /** Stable's turn is over, one way or the other. */
  const settle = (verdict: 'did-well' | 'no-better'): void => {
    const { candidate, trial } = memory.state;
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

  /** What a verdict changes at once. True when the process goes on. */
  const obey = (verdict: Verdict, choice: Choice): boolean => {
    const { version, folder } = choice.release;
    switch (verdict.verdict) {
      case 'go-on':
        return true;
      case 'promote':
        memory.set(promote(memory.state, stableRan ?? stableNow()));
        log.write({ event: 'promoted', version, folder });
        alternations = 0;
        stableRan = folder;
        turn = turnOf({ ...choice, role: 'stable' });
        return true;
      case 'turn-over':
        memory.set(turnOver(memory.state, verdict.reason));
        log.write({ event: 'turn-over', version, reason: verdict.reason });
        return false;
      case 'did-well':
      case 'no-better':
        settle(verdict.verdict);
        if (memory.state.candidate !== null) return false;
        turn = turnOf(choice);
        return true;
      case 'try-writing':
        turn = null;
        if (memory.probe()) return false;
        turn = turnOf(choice);
        return true;
      case 'restart':
        return false;
    }
  };

  const run = async (choice: Choice): Promise<void> => {
    const { release, role } = choice;
    const startedAt = now();
    const watch = createHealthWatch(startedAt, times);
    let wasHealthy: boolean | null = null;
    const agent = launchAgent(release, role, options, {
      onHealth(healthy, checks) {
        watch.tell(healthy, checks, now());
        if (healthy !== wasHealthy) log.write({ event: 'health', pid: agent.pid, healthy, checks });
        wasHealthy = healthy;
        bell.ring();
      },
    });
    const from = release.path.startsWith(path.join(dirs.dataDir, places.versions)) ? 'arrived' : 'installed';
    const { version, folder } = release;
    log.write({
      event: 'launched',
      pid: agent.pid,
      version,
      folder,
      role,
      from,
      ...(role === 'candidate' ? { try: memory.state.tries } : {}),
    });
    noteAgent(dirs.dataDir, agent.pid);
    if (role === 'stable') stableRan = folder;
    const life: { end: AgentEnd | null } = { end: null };
    void agent.ended.then((ended) => {
      life.end = ended;
      bell.ring();
    });
    let stopped = false;
    while (life.end === null && !stop.aborted && !stopped) {
      const verdict = turn === null ? null : judge(turn, watch, now(), times);
      if (verdict !== null && !obey(verdict, choice)) stopped = true;
      else await bell.wait(verdict?.verdict === 'go-on' ? verdict.lookAgainMs : 0);
      memory.flush();
    }
    const ended = life.end ?? (await agent.stop(times.stopWithinMs));
    noteAgent(dirs.dataDir, null);
    const pauseMs = stopped || stop.aborted ? afterStop(stop.aborted) : afterEnd(choice, ended, watch, startedAt);
    const { exitCode, signal, words } = ended;
    log.write({ event: 'exited', pid: agent.pid, version, role, exitCode, signal, words, pauseMs });
    await pause(pauseMs);
  };

  const afterStop = (byHost: boolean): number => {
    if (byHost) memory.set(tryStopped(memory.state));
    return 0;
  };

  const afterEnd = (choice: Choice, end: AgentEnd, watch: HealthWatch, startedAt: number): number => {
    const at = now();
    watch.look(at);
    const asked = exitRuleOf(end.exitCode) === 'staged';
    const staged = takeStaged({ memory, folders, log, dirs }, stableNow(), asked) === 'changed';
    const onTrial = memory.state.candidate === choice.release.folder && memory.state.trial?.open === true;
    const healthyMs = watch.longestMs(at);
    const { everHealthy } = watch;
    const pauseMs = pauses.after({ exitCode: end.exitCode, staged, livedMs: at - startedAt, healthyMs, everHealthy });
    if (onTrial) {
      if (turn !== null) {
        turn.losses += watch.losses;
        if (everHealthy) turn.unhealthySince = watch.heldMs(at) === null ? watch.unhealthySince : at;
      }
      judgeEnd(end, everHealthy);
      // Stable's turn begins at once.
      if (!candidateIsNext(memory.state)) {
        const reason = memory.state.trial?.failure ?? '';
        log.write({ event: 'turn-over', version: choice.release.version, reason });
        return 0;
      }
      return pauseMs;
    }
    if (choice.role === 'stable') countCrash(choice, end, everHealthy);
    return pauseMs;
  };

  const judgeEnd = (end: AgentEnd, everHealthy: boolean): void => {
    const rule = exitRuleOf(end.exitCode);
    const how = end.exitCode === null ? (end.signal ?? 'no exit code') : `exit ${end.exitCode}`;
    const failure = `${rule === 'grow' ? 'crashed' : 'ended'}${everHealthy ? ' after it was healthy' : ''}: ${how}${end.words === null ? '' : `, ${end.words}`}`;
    if (end.exitCode === configurationExit) memory.set(turnOver(memory.state, failure));
    else if (rule === 'wait' || (rule !== 'grow' && everHealthy)) memory.set(tryInterrupted(memory.state));
    else memory.set(tryFailed(memory.state, failure));
  };

  const countCrash = (choice: Choice, end: AgentEnd, everHealthy: boolean): void => {
    const crashed = exitRuleOf(end.exitCode) === 'grow' && end.exitCode !== 21;
    crashesInARow = crashed && !everHealthy ? crashesInARow + 1 : 0;
    if (crashesInARow < crashesBeforeDoubt || memory.state.candidate !== null) return;
    crashesInARow = 0;
    const { release } = choice;
    for (const other of stableReleases({ memory, folders, log })) {
      if (other.folder === release.folder) continue;
      memory.set(doubt(memory.state, release, other.folder));
      log.write({ event: 'turn-over', version: release.version, reason: memory.state.trial?.failure ?? '' });
      return;
    }
  };

  log.write({ event: 'host-started', hostVersion, node: process.versions.node, pid: process.pid });
  await awaitOrphan(dirs.dataDir, times.stopWithinMs, stop);
  takeStaged({ memory, folders, log, dirs }, stableNow(), false);
  while (!stop.aborted) {
    const choice = chooseNext({ memory, folders, log });
    if (choice === null) {
      log.write({ event: 'nothing-to-run' });
      await pause(pauses.afterNothing());
      continue;
    }
    turn = turnOf(choice);
    if (turn.kind === 'comparison' && now() - turn.startedAt >= turn.lastsMs) {
      settle('no-better');
      turn = null;
      continue;
    }
    removeUnused(choice);
    await run(choice);
  }
  log.write({ event: 'host-stopped' });
}
