import type { Role } from './agent-interface.ts';
import type { HostLog } from './host-log.ts';
import type { Memory } from './memory.ts';
import type { Release } from './release-folder.ts';
import { candidateIsNext, quarantine, tryBegun, tryFailed } from './trial.ts';
import type { VersionFolders } from './version-folders.ts';

/** What is launched next. */
export interface Choice {
  readonly role: Role;
  readonly release: Release;
}

/** What {@link chooseNext} looks at. */
export interface ChoiceDeps {
  readonly memory: Memory;
  readonly folders: VersionFolders;
  readonly log: HostLog;
}

/** The candidate where it is its turn and a try can be written down; stable otherwise, or whatever is nearest to it. Null: nothing is left. */
export function chooseNext(deps: ChoiceDeps): Choice | null {
  const { memory } = deps;
  return candidateChoice(deps) ?? stableChoice(deps) ?? (memory.state.candidate === null ? null : onlyCandidate(deps));
}

/** Releases that may run as stable, the best first. Each is verified here and now. */
export function* stableReleases({ memory, folders, log }: ChoiceDeps): Generator<Release> {
  const { state } = memory;
  for (const folder of [state.stable, state.previous]) {
    if (folder === null || folder === state.candidate) continue;
    const reading = folders.verify(folder);
    if (reading.outcome === 'valid') yield reading.release;
    else log.write({ event: 'not-launched', folder, role: 'stable', reason: reading.reason });
  }
  const undone = new Set(state.quarantined.map(({ releaseSha512 }) => releaseSha512));
  // What came with the installer nobody but an administrator can have touched.
  for (const release of [...folders.installed(), ...folders.arrived()]) {
    if (release.folder !== state.candidate && !undone.has(release.sha512)) yield release;
  }
}

/** The best of {@link stableReleases}. */
export function firstStable(deps: ChoiceDeps): Release | null {
  for (const release of stableReleases(deps)) return release;
  return null;
}

function stableChoice(deps: ChoiceDeps): Choice | null {
  const release = firstStable(deps);
  if (release !== null) return { role: 'stable', release };
  // Better one that was undone than none: it may have been a better day for it.
  const [undone] = [...deps.folders.installed(), ...deps.folders.arrived()].filter(
    ({ folder }) => folder !== deps.memory.state.candidate,
  );
  return undone === undefined ? null : { role: 'stable', release: undone };
}

function candidateChoice({ memory, folders, log }: ChoiceDeps): Choice | null {
  const before = memory.state;
  const folder = before.candidate;
  if (folder === null || !candidateIsNext(before)) return null;
  const reading = folders.verify(folder);
  if (reading.outcome === 'valid') {
    // Who cannot write a try down would try for ever.
    if (memory.set(tryBegun(before))) return { role: 'candidate', release: reading.release };
    memory.set(before);
    return null;
  }
  const { reason } = reading;
  log.write({ event: 'not-launched', folder, role: 'candidate', reason });
  if (reading.outcome === 'unreadable') {
    memory.set(tryFailed(tryBegun(before), reason));
    return null;
  }
  const { attempt } = before.trial ?? { attempt: 1 };
  memory.set(quarantine(before, reason));
  log.write({ event: 'quarantined', version: versionOf(folder), attempt, reason });
  return null;
}

/** Nothing but the candidate can be run: then it has every turn. */
function onlyCandidate(deps: ChoiceDeps): Choice | null {
  const { memory } = deps;
  memory.set({ ...memory.state, tries: 0 });
  const choice = candidateChoice(deps);
  if (choice !== null || memory.state.candidate === null) return choice;
  const reading = deps.folders.verify(memory.state.candidate);
  return reading.outcome === 'valid' ? { role: 'candidate', release: reading.release } : null;
}

/** The version in a folder's name. */
export function versionOf(folder: string): string {
  return folder.slice(0, folder.lastIndexOf('-'));
}
