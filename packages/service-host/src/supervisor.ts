import { existsSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { exitRuleOf, hostVersion, places } from './agent-interface.ts';
import { launchAgent, type AgentEnd, type HostDirs } from './agent-process.ts';
import { createBell } from './bell.ts';
import { chooseNext, type Choice } from './choice.ts';
import { createHealthWatch } from './health-watch.ts';
import type { HostLog } from './host-log.ts';
import { createMemory } from './memory.ts';
import { awaitOrphan, noteAgent } from './orphan.ts';
import { createPauses } from './pauses.ts';
import { rebuildState } from './rebuild.ts';
import { createSlots } from './slots.ts';
import { readStaged } from './staged-file.ts';
import { takeStaged } from './staging.ts';
import type { HostTimes } from './times.ts';
import { tryInterrupted } from './trial.ts';
import { createTrialKeeper, type Life } from './trial-keeper.ts';
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

const looks = 5;
const lookAgainMs = 100;

/** Keeps a release of the agent running until told to stop. It never ends by itself, whatever happens. */
export async function supervise(
  { log, now }: SupervisorDeps,
  options: SupervisorOptions,
  stop: AbortSignal,
): Promise<void> {
  const { dirs, times } = options;
  const { dataDir } = dirs;
  const folders = createVersionFolders(dirs);
  const bell = createBell();
  stop.addEventListener('abort', () => bell.ring());
  const pauses = createPauses(times);
  await untilReadable(dirs.dataDir, stop);
  const memory = openMemory({ dirs, folders, log });
  const keeper = createTrialKeeper({ memory, folders, log, now, onTurn: () => pauses.reset() }, times);

  const pause = async (ms: number): Promise<void> => {
    const until = now() + ms;
    while (!stop.aborted && now() < until) await bell.wait(until - now());
  };
  const lookForStaged = (asked: boolean): boolean =>
    takeStaged({ memory, folders, log, dirs }, keeper.stableFolder(), asked) === 'changed';

  const removeUnused = ({ release }: Choice): void => {
    // Not by a state that a power cut could take back.
    if (!memory.flush()) return;
    const { stable, previous, candidate } = memory.state;
    const kept = [stable, previous, candidate, release.folder].filter((folder) => folder !== null);
    for (const folder of folders.removeAllBut(new Set(kept))) log.write({ event: 'removed', folder });
  };

  /** Runs until the process ends, or must end. Returns the pause before the next. */
  const run = async (choice: Choice): Promise<number> => {
    const { release, role } = choice;
    const { version, folder } = release;
    const startedAt = now();
    const life: Life = { choice, watch: createHealthWatch(startedAt, times) };
    let wasHealthy: boolean | null = null;
    const agent = launchAgent(release, role, options, {
      onHealth(healthy, checks) {
        life.watch.tell(healthy, checks, now());
        if (healthy !== wasHealthy) log.write({ event: 'health', pid: agent.pid, healthy, checks });
        wasHealthy = healthy;
        bell.ring();
      },
    });
    const { pid } = agent;
    noteAgent(dataDir, pid);
    const from = path.dirname(release.path) === path.join(dataDir, places.versions) ? 'arrived' : 'installed';
    const nth = role === 'candidate' ? { try: memory.state.tries } : {};
    log.write({ event: 'launched', pid, version, folder, role, from, ...nth });

    const ending: { end: AgentEnd | null; makesWay: boolean } = { end: null, makesWay: false };
    void agent.ended.then((end) => {
      ending.end = end;
      bell.ring();
    });
    while (ending.end === null && !ending.makesWay && !stop.aborted) {
      const next = keeper.look(life);
      ending.makesWay = next === 'make-way';
      if (next !== 'make-way') await bell.wait(next);
      memory.flush();
    }
    const byItself = ending.end !== null && !stop.aborted;
    const end = ending.end ?? (await agent.stop(times.stopWithinMs));
    noteAgent(dataDir, null);
    const pauseMs = byItself ? afterEnd(life, end, now() - startedAt) : 0;
    if (stop.aborted) keeper.stopped();
    const { exitCode, signal, words } = end;
    log.write({ event: 'exited', pid, version, role, exitCode, signal, words, pauseMs });
    return pauseMs;
  };

  const afterEnd = (life: Life, end: AgentEnd, livedMs: number): number => {
    const { watch } = life;
    watch.look(now());
    const staged = lookForStaged(exitRuleOf(end.exitCode) === 'staged');
    const { exitCode } = end;
    const { everHealthy } = watch;
    const pauseMs = pauses.after({ exitCode, staged, livedMs, healthyMs: watch.longestMs(now()), everHealthy });
    return keeper.ended(life, end) ? 0 : pauseMs;
  };

  log.write({ event: 'host-started', hostVersion, node: process.versions.node, pid: process.pid });
  await awaitOrphan(dataDir, times.stopWithinMs, stop);
  lookForStaged(false);
  while (!stop.aborted) {
    const choice = chooseNext({ memory, folders, log });
    if (choice === null) {
      log.write({ event: 'nothing-to-run' });
      await pause(pauses.afterNothing());
    } else if (keeper.begin(choice)) {
      removeUnused(choice);
      await pause(await run(choice));
    }
  }
  log.write({ event: 'host-stopped' });
}

/** Slots that are there but cannot be read may be in a virus scanner's hands: worth a moment before they are written anew. */
async function untilReadable(dataDir: string, stop: AbortSignal): Promise<void> {
  const slots = createSlots(dataDir);
  for (let look = 0; look < looks && !stop.aborted; look++) {
    if (slots.read() !== null || !anySlot(dataDir)) return;
    await sleep(lookAgainMs);
  }
}

function anySlot(dataDir: string): boolean {
  return places.slots.some((place) => existsSync(path.join(dataDir, place)));
}

function openMemory(deps: {
  dirs: HostDirs;
  folders: ReturnType<typeof createVersionFolders>;
  log: HostLog;
}): ReturnType<typeof createMemory> {
  const { dirs, folders, log } = deps;
  const slots = createSlots(dirs.dataDir);
  const read = slots.read();
  const memory = createMemory({ slots, log }, read ?? rebuildState(folders, readStaged(dirs)));
  const { stable, candidate } = memory.state;
  if (read === null && anySlot(dirs.dataDir)) {
    log.write({ event: 'state-rebuilt', stable, candidate });
  }
  // Nobody saw how the last try ended.
  memory.set(tryInterrupted(memory.state));
  return memory;
}
