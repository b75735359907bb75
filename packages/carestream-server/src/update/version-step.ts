import {
  compareVersions,
  releaseFolderOf,
  type Directive,
  type ErrorCode,
  type Heartbeat,
  type HostState,
  type LicenceAnswer,
  type PinnedKey,
} from '../contract/index.ts';
import { AgentError, codeOf, isAgentError, type Clock, type EventFields, type Log } from '../runtime/index.ts';
import { readDirective } from './directive.ts';
import type { Installer } from './installer.ts';
import { createUpdateMemory, type UpdateNotes } from './update-memory.ts';

/** What the version step decided. */
export type VersionDecision =
  /** What runs is what is dictated, or what is dictated does not count, or cannot be had. */
  | { readonly outcome: 'run' }
  /** Another version lies ready: end, so that the host starts it. */
  | { readonly outcome: 'staged' }
  /** Another version is dictated and none could be staged: end, so that the host tries again. */
  | { readonly outcome: 'exit'; readonly code: ErrorCode };

/** Step 2 of the agent's life: be the right version. */
export interface VersionStep {
  /** One at a time: what is asked meanwhile waits. Never throws. */
  check(answer: LicenceAnswer, nonce: string, signal: AbortSignal): Promise<VersionDecision>;
  /** For the heartbeat. */
  state(): Heartbeat['update'];
}

/** What the version step needs. */
export interface VersionStepDeps {
  readonly clock: Pick<Clock, 'now'>;
  readonly log: Log;
  readonly notes: UpdateNotes;
  /** Null without a host that pins keys: then another version is told of, and nothing else. */
  readonly installer: Installer | null;
}

/** Options of {@link createVersionStep}. */
export interface VersionStepOptions {
  readonly running: string;
  /** Whether anybody starts the agent again when it ends. */
  readonly underHost: boolean;
  /** How long a version that could not be had is not tried again by ending. */
  readonly tryAgainAfterMs: number;
  /** How long a release that the host did not start is not offered again. */
  readonly offerAgainAfterMs: number;
}

const run: VersionDecision = { outcome: 'run' };
const quarantinedMost = 20;

/**
 * Compares what runs with what is dictated, up or down, and has another release staged. Ending without one makes the host start the agent
 * again, which is worth one try per version and day where it may help: after that the agent works on as it is, because a practice without
 * any version is worse off than one with the last one.
 */
export function createVersionStep(deps: VersionStepDeps, options: VersionStepOptions): VersionStep {
  const { clock, log, installer } = deps;
  const memory = createUpdateMemory(deps.notes, clock);
  let state: Heartbeat['update'] = { dictated: null, state: 'current' };
  let host: HostState | null = null;
  let toldFault: string | null = null;
  let toldDiffers: string | null = null;
  let queue: Promise<unknown> = Promise.resolve();

  const refreshHost = async (): Promise<void> => {
    host = (await installer?.hostState().catch(() => null)) ?? null;
  };

  /** Told once until it is over, or something else is wrong. */
  const invalid = (code: ErrorCode, reason: string): VersionDecision => {
    state = { ...state, state: 'refused', code };
    if (toldFault !== reason) log.error(new AgentError(code, { details: { reason } }), 'update');
    toldFault = reason;
    return run;
  };

  const refuse = (directive: Directive, error: unknown): VersionDecision => {
    const code = codeOf(error);
    state = { dictated: directive.version, state: 'refused', code };
    if (memory.tellOnce(directive, code)) {
      // What nobody foresaw is told with its frames.
      if (!isAgentError(error)) log.error(error, 'update');
      log.emit('update.refused', {
        version: directive.version,
        ...(directive.releaseSha512 === undefined
          ? {}
          : { release: releaseFolderOf(directive.version, directive.releaseSha512) }),
        attempt: directive.attempt,
        code,
        ...factsOf(error),
      });
    }
    // What was refused stays refused, however often it is looked at; what could not be had may be there after a new start.
    const mayPass = isAgentError(error) && error.disposition === 'transient' && code !== 'UPDATE_NOT_TAKEN';
    return mayPass ? endOnce(directive, code) : run;
  };

  const endOnce = (directive: Directive, code: ErrorCode): VersionDecision =>
    options.underHost && memory.mayEnd(directive, options.tryAgainAfterMs) ? { outcome: 'exit', code } : run;

  const isCurrent = ({ version, releaseSha512 }: Directive): boolean =>
    version === options.running &&
    (releaseSha512 === undefined ||
      installer === null ||
      installer.running === null ||
      installer.running === releaseFolderOf(version, releaseSha512));

  const look = async (answer: LicenceAnswer, nonce: string, signal: AbortSignal): Promise<VersionDecision> => {
    if (signal.aborted) return run;
    let keys: readonly PinnedKey[] | null;
    try {
      keys = installer === null ? null : (await installer.keys()).directive;
    } catch {
      return invalid('UPDATE_KEYS_UNREADABLE', 'keys');
    }
    await refreshHost();
    const seen = memory.seen(keys);
    const reading = readDirective(answer, {
      keys,
      nonce,
      nowMs: clock.now(),
      sequence: Math.max(seen.sequence, host?.sequence ?? 0),
      floor: higher(seen.floor, host?.floor ?? null),
    });
    if (reading.outcome === 'invalid') return invalid('UPDATE_DIRECTIVE_INVALID', reading.fault);
    toldFault = null;
    const { directive } = reading;
    memory.accept(directive, answer.directive.keyId);
    const { version: dictated, releaseSha512, attempt } = directive;
    if (isCurrent(directive)) {
      state = { dictated, state: 'current' };
      toldDiffers = null;
      memory.forgetOffer();
      return run;
    }
    const unsigned = answer.releaseManifest === null || releaseSha512 === undefined;
    const code: ErrorCode = unsigned ? 'UPDATE_UNSIGNED' : 'UPDATE_VERSION_DIFFERS';
    state = { dictated, state: 'differs', code };
    if (toldDiffers !== dictated) log.emit('version.differs', { running: options.running, dictated, code });
    toldDiffers = dictated;
    if (unsigned || installer === null) return endOnce(directive, code);

    if (host?.candidate === releaseFolderOf(dictated, releaseSha512)) {
      // On trial already: whether it works is for the host to find out, perhaps by way of this process.
      state = { dictated, state: 'staged' };
      return run;
    }
    const undone = host?.quarantined.findLast(
      (each) => each.releaseSha512 === releaseSha512 && each.attempt >= attempt,
    );
    if (undone !== undefined) return refuse(directive, new AgentError('UPDATE_QUARANTINED', { details: { attempt } }));
    try {
      if (memory.wasOffered(directive, options.offerAgainAfterMs)) throw new AgentError('UPDATE_NOT_TAKEN');
      await installer.install(directive, answer, signal);
    } catch (error) {
      return signal.aborted ? run : refuse(directive, error);
    }
    state = { dictated, state: 'staged' };
    // Who cannot remember having offered it would end at each start, and never work.
    return memory.offer(directive) ? { outcome: 'staged' } : run;
  };

  return {
    state() {
      // The next heartbeat tells what the host wrote meanwhile.
      void refreshHost();
      return { ...state, ...placeOf(installer, host) };
    },
    check(answer, nonce, signal) {
      const result = queue.then(() => look(answer, nonce, signal));
      const settled = result.catch((error: unknown) => {
        log.error(error, 'update');
        return run;
      });
      queue = settled;
      return settled;
    },
  };
}

/** What a refusal may tell: its reason, numbers, and names with a word to each. */
function factsOf(error: unknown): Pick<EventFields<'update.refused'>, 'reason' | 'details' | 'names'> {
  const { reason, ...others } = isAgentError(error) ? error.details : {};
  const entries = Object.entries(others);
  const cause = error instanceof Error ? systemCodeOf(error.cause) : null;
  return {
    ...(typeof reason === 'string' ? { reason } : {}),
    details: Object.fromEntries(entries.filter((entry): entry is [string, number] => typeof entry[1] === 'number')),
    names: [
      ...entries.flatMap(([name, value]) => (typeof value === 'string' ? [`${name}=${value}`] : [])),
      ...(cause === null ? [] : [`cause=${cause}`]),
    ],
  };
}

/** `ECONNREFUSED` and the like, however deep fetch wraps it. */
function systemCodeOf(error: unknown, depth = 0): string | null {
  if (!(error instanceof Error) || depth > 4) return null;
  if ('code' in error && typeof error.code === 'string' && /^[A-Z][A-Z0-9_]{2,63}$/.test(error.code)) return error.code;
  return systemCodeOf(error instanceof AggregateError ? error.errors[0] : error.cause, depth + 1);
}

/** What runs, as what, and what was undone. */
function placeOf(installer: Installer | null, host: HostState | null): Partial<Heartbeat['update']> {
  if (installer === null) return {};
  const { running } = installer;
  const role = running !== null && running === host?.stable ? 'stable' : installer.role;
  return {
    ...(running === null ? {} : { running }),
    role,
    ...(host === null
      ? {}
      : {
          candidate: host.candidate,
          previous: host.previous,
          quarantined: host.quarantined.slice(-quarantinedMost),
        }),
  };
}

function higher(left: string | null, right: string | null): string | null {
  if (left === null || right === null) return left ?? right;
  return compareVersions(left, right) >= 0 ? left : right;
}
