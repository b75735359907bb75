import path from 'node:path';
import { places, releaseFolderOf, sha512Pattern, versionPattern } from './agent-interface.ts';
import { readObject, stringOf, wholeOf } from './json-file.ts';
import { openEnvelope, readKeys } from './signed-envelope.ts';

/** Which release Flynotes wants to run here, as far as a host needs to know. */
export interface StagedDirective {
  readonly sequence: number;
  readonly version: string;
  readonly releaseSha512: string;
  readonly attempt: number;
  readonly floor: string;
  readonly folder: string;
  /** Whose signature it bears. */
  readonly keyId: string;
}

/** @see {@link readStaged} */
export type StagedReading =
  | { readonly outcome: 'verified'; readonly directive: StagedDirective }
  | { readonly outcome: 'refused'; readonly reason: string };

/** Reads what the agent staged, and verifies the directive that asked for it. Nothing of it counts by the agent's word alone. */
export function readStaged(dirs: { dataDir: string; keysFile: string }): StagedReading {
  const refused = (reason: string): StagedReading => ({ outcome: 'refused', reason });
  const found = readObject(path.join(dirs.dataDir, places.staged));
  if (found === null) return refused('nothing is staged');
  const keys = readKeys(dirs.keysFile);
  const opened = openEnvelope(found['directive'], 'directive', keys?.directive ?? []);
  if (opened.outcome === 'refused') return refused(`directive: ${opened.reason}`);
  const { body, keyId } = opened;
  const sequence = wholeOf(body['sequence'], 1);
  const attempt = wholeOf(body['attempt'], 1);
  const version = stringOf(body['version'], versionPattern);
  const floor = stringOf(body['floor'], versionPattern);
  const releaseSha512 = stringOf(body['releaseSha512'], sha512Pattern);
  if (sequence === null || attempt === null || version === null || floor === null) {
    return refused('directive: lacks what a host needs');
  }
  if (releaseSha512 === null) return refused('directive: names no release');
  const folder = releaseFolderOf(version, releaseSha512);
  return { outcome: 'verified', directive: { sequence, version, releaseSha512, attempt, floor, folder, keyId } };
}
