import type { HostLog } from './host-log.ts';
import type { Memory } from './memory.ts';
import { readStaged, type StagedReading } from './staged-file.ts';
import { readKeys } from './signed-envelope.ts';
import { accept, forgetUnpinned, quarantine } from './trial.ts';
import type { VersionFolders } from './version-folders.ts';

/** What {@link takeStaged} needs. */
export interface StagingDeps {
  readonly memory: Memory;
  readonly folders: VersionFolders;
  readonly log: HostLog;
  readonly dirs: { readonly dataDir: string; readonly keysFile: string };
}

/** Looks at what the agent staged. `changed`: there is something else to run now. */
export function takeStaged(deps: StagingDeps, runningStable: string | null, asked: boolean): 'changed' | 'same' {
  const { memory, folders, log } = deps;
  const keys = readKeys(deps.dirs.keysFile);
  if (keys !== null) memory.set(forgetUnpinned(memory.state, keys.directive));
  const staged: StagedReading = readStaged(deps.dirs);
  // The file of the last update stays where it is: it is told of only when an agent has just left it.
  const refused = (reason: string): 'same' => {
    if (asked) log.write({ event: 'staged-refused', reason });
    return 'same';
  };
  if (staged.outcome === 'refused') return refused(staged.reason);
  const { directive } = staged;
  const accepted = accept(memory.state, directive, runningStable);
  if (accepted.outcome === 'refused') return refused(accepted.reason);
  if (accepted.outcome !== 'candidate') {
    const cancelled = accepted.outcome === 'already-stable' && memory.state.candidate !== null;
    memory.set(accepted.state);
    return cancelled ? 'changed' : refused('directive: names what is here already');
  }
  const { folder, version, sequence, releaseSha512, attempt } = directive;
  const reading = folders.verify(folder);
  if (reading.outcome === 'unreadable' || (reading.outcome === 'damaged' && reading.reason === 'missing')) {
    return refused(`staged folder: ${reading.reason}`);
  }
  const fault =
    reading.outcome === 'valid' && reading.release.sha512 !== releaseSha512 ? 'another release' : faultOf(reading);
  if (fault !== null) {
    memory.set(quarantine(accepted.state, fault));
    log.write({ event: 'quarantined', version, attempt, reason: fault });
    return refused(`staged folder: ${fault}`);
  }
  memory.set(accepted.state);
  log.write({ event: 'staged', folder, version, sequence });
  return 'changed';
}

function faultOf(reading: ReturnType<VersionFolders['verify']>): string | null {
  return reading.outcome === 'valid' ? null : reading.reason;
}
