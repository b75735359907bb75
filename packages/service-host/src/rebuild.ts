import { emptyState, type HostState } from './host-state.ts';
import type { StagedReading } from './staged-file.ts';
import { accept } from './trial.ts';
import { compareVersions } from './version-order.ts';
import type { VersionFolders } from './version-folders.ts';

/**
 * A state out of what is on disk, for the first start and for when both slots are damaged. The release that was staged last may have been
 * proven or not: it is tried again, beside the newest of the others. The signed directive brings back the sequence and the floor.
 */
export function rebuildState(folders: VersionFolders, staged: StagedReading): HostState {
  const last = staged.outcome === 'verified' ? staged.directive : null;
  const floor = last?.floor ?? emptyState.floor;
  const others = folders
    .arrived()
    .filter(({ folder, version }) => folder !== last?.folder && compareVersions(version, floor) >= 0);
  const found: HostState = { ...emptyState, stable: others[0]?.folder ?? null, previous: others[1]?.folder ?? null };
  if (last === null) return found;
  const remembered = { ...found, sequence: last.sequence, floor, directiveKey: last.keyId };
  if (folders.verify(last.folder).outcome !== 'valid') return remembered;
  const accepted = accept(found, last, null);
  return accepted.outcome === 'refused' ? remembered : accepted.state;
}
