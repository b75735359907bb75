import { keyIdPattern, releaseFolderPattern, sha512Pattern, versionPattern } from './agent-interface.ts';
import { isObject, stringOf, wholeOf } from './json-file.ts';

/** A release that is not staged again before a directive names a higher attempt. */
export interface Quarantined {
  readonly releaseSha512: string;
  readonly attempt: number;
  /** Short and plain; Flynotes shows it. Never a message of the agent's, which might quote a patient. */
  readonly reason: string;
}

/** How the candidate's trial stands. */
export interface Trial {
  readonly releaseSha512: string;
  readonly attempt: number;
  /** A try was begun and its end not seen: after a power cut this still stands. */
  readonly open: boolean;
  /** Tries that ended without a verdict: power cuts, kills of the host, restarts asked for before the soak was over. */
  readonly interrupted: number;
  /** Times that stable did well right after the candidate had done badly. */
  readonly strikes: number;
  /** What went wrong last. */
  readonly failure: string | null;
}

/** What a state slot's body holds: the contract's fields, and the trial. */
export interface HostState {
  readonly stable: string | null;
  readonly previous: string | null;
  readonly candidate: string | null;
  /** Tries of the candidate in its present turn, counted before each launch. */
  readonly tries: number;
  readonly quarantined: readonly Quarantined[];
  /** Of the newest directive that was obeyed. */
  readonly sequence: number;
  /** No version below this one is ever installed. */
  readonly floor: string;
  /** Who signed the directive that sequence and floor are from. */
  readonly directiveKey: string | null;
  readonly trial: Trial | null;
  /** The attempt under which stable was staged. */
  readonly stableAttempt: number;
}

/** Of a host that has never seen a directive. */
export const emptyState: HostState = {
  stable: null,
  previous: null,
  candidate: null,
  tries: 0,
  quarantined: [],
  sequence: 0,
  floor: '0.0.0',
  directiveKey: null,
  trial: null,
  stableAttempt: 1,
};

/** As many undone releases as are remembered. */
export const quarantinedMost = 20;
const reasonCharactersMost = 200;

/** Reads a slot's body field by field; null when it is not one that a host of this kind wrote. */
export function readState(body: unknown): HostState | null {
  if (!isObject(body)) return null;
  const tries = wholeOf(body['tries'], 0);
  const sequence = wholeOf(body['sequence'], 0);
  const floor = stringOf(body['floor'], versionPattern);
  const folders = [body['stable'], body['previous'], body['candidate']].map(folderOf);
  const [stable, previous, candidate] = folders;
  if (tries === null || sequence === null || floor === null) return null;
  if (stable === undefined || previous === undefined || candidate === undefined) return null;
  const trial = readTrial(body['trial']);
  // A candidate of which nobody knows the release could never be judged: it is staged again.
  const kept = trial === null ? null : candidate;
  return {
    stable,
    previous,
    candidate: kept,
    tries: kept === null ? 0 : tries,
    quarantined: readQuarantined(body['quarantined']),
    sequence,
    floor,
    directiveKey: stringOf(body['directiveKey'], keyIdPattern),
    trial: kept === null ? null : trial,
    stableAttempt: wholeOf(body['stableAttempt'], 1) ?? 1,
  };
}

/** Adds one to the list, in place of an earlier word on the same release. */
export function withQuarantined(list: readonly Quarantined[], added: Quarantined): Quarantined[] {
  const others = list.filter(({ releaseSha512 }) => releaseSha512 !== added.releaseSha512);
  return [...others, { ...added, reason: added.reason.slice(0, reasonCharactersMost) }].slice(-quarantinedMost);
}

/** The folder's name, null for none, undefined for what is neither. */
function folderOf(value: unknown): string | null | undefined {
  return value === null ? null : (stringOf(value, releaseFolderPattern) ?? undefined);
}

function readTrial(value: unknown): Trial | null {
  if (!isObject(value)) return null;
  const releaseSha512 = stringOf(value['releaseSha512'], sha512Pattern);
  const attempt = wholeOf(value['attempt'], 1);
  const interrupted = wholeOf(value['interrupted'], 0);
  const strikes = wholeOf(value['strikes'], 0);
  if (releaseSha512 === null || attempt === null || interrupted === null || strikes === null) return null;
  const failure = typeof value['failure'] === 'string' ? value['failure'] : null;
  return { releaseSha512, attempt, open: value['open'] === true, interrupted, strikes, failure };
}

function readQuarantined(value: unknown): Quarantined[] {
  let list: Quarantined[] = [];
  for (const each of Array.isArray(value) ? (value as unknown[]) : []) {
    if (!isObject(each)) continue;
    const releaseSha512 = stringOf(each['releaseSha512'], sha512Pattern);
    const attempt = wholeOf(each['attempt'], 1);
    const reason = typeof each['reason'] === 'string' ? each['reason'] : '';
    if (releaseSha512 !== null && attempt !== null) list = withQuarantined(list, { releaseSha512, attempt, reason });
  }
  return list;
}
