import * as z from 'zod';
import type { Directive, ErrorCode, Heartbeat, LicenceAnswer } from '../contract/index.ts';
import { AgentError, type Clock, type Log } from '../runtime/index.ts';
import { readDirective, type DirectiveFault } from './directive.ts';

/** Small facts that outlive the process. */
export interface UpdateNotes {
  get(key: string): string | null;
  set(key: string, value: string): void;
}

/** What the version step decided. */
export type VersionDecision =
  /** What runs is what is dictated, or what is dictated does not count. */
  | { readonly outcome: 'run' }
  /** Another version is dictated and none could be staged: end, so that the host tries again. */
  | { readonly outcome: 'exit'; readonly code: ErrorCode };

/** Step 2 of the agent's life: be the right version. */
export interface VersionStep {
  check(answer: LicenceAnswer, nonce: string): VersionDecision;
  /** For the heartbeat. */
  state(): Heartbeat['update'];
}

/** What the version step needs. */
export interface VersionStepDeps {
  readonly clock: Pick<Clock, 'now'>;
  readonly log: Log;
  readonly notes: UpdateNotes;
}

/** Options of {@link createVersionStep}. */
export interface VersionStepOptions {
  readonly running: string;
  /** How long a version that could not be had is not tried again by ending. */
  readonly tryAgainAfterMs: number;
}

const triedSchema = z.object({ version: z.string(), attempt: z.number(), atMs: z.number() });
const noteKeys = { sequence: 'directive.sequence', floor: 'directive.floor', tried: 'update.tried' } as const;

/**
 * Compares what runs with what is dictated. Ending makes the host start the agent again, which is worth one try per version and day:
 * after that the agent works on as it is, because a practice without any version is worse off than one with the last one.
 */
export function createVersionStep(deps: VersionStepDeps, options: VersionStepOptions): VersionStep {
  let state: Heartbeat['update'] = { dictated: null, state: 'current' };
  let toldFault: DirectiveFault | null = null;
  let toldDiffers: string | null = null;

  const accept = (directive: Directive): void => {
    deps.notes.set(noteKeys.sequence, String(directive.sequence));
    deps.notes.set(noteKeys.floor, directive.floor);
  };

  const mayTry = (directive: Directive): boolean => {
    const now = deps.clock.now();
    const tried = readTried(deps.notes.get(noteKeys.tried));
    const same = tried?.version === directive.version && tried.attempt === directive.attempt;
    const recent = tried !== null && tried.atMs <= now && now - tried.atMs < options.tryAgainAfterMs;
    if (same && recent) return false;
    const { version, attempt } = directive;
    const note = JSON.stringify({ version, attempt, atMs: now });
    deps.notes.set(noteKeys.tried, note);
    // A full disk: who cannot remember having tried would end again at each start, and never work.
    return deps.notes.get(noteKeys.tried) === note;
  };

  return {
    state: () => state,
    check(answer, nonce) {
      const reading = readDirective(answer, {
        nonce,
        nowMs: deps.clock.now(),
        sequence: Number(deps.notes.get(noteKeys.sequence) ?? 0),
        floor: deps.notes.get(noteKeys.floor),
      });
      if (reading.outcome === 'invalid') {
        state = { ...state, state: 'refused', code: 'UPDATE_DIRECTIVE_INVALID' };
        if (toldFault !== reading.fault) {
          deps.log.error(new AgentError('UPDATE_DIRECTIVE_INVALID', { details: { reason: reading.fault } }), 'update');
        }
        toldFault = reading.fault;
        return { outcome: 'run' };
      }
      toldFault = null;
      const { directive } = reading;
      accept(directive);
      const dictated = directive.version;
      if (dictated === options.running) {
        state = { dictated, state: 'current' };
        toldDiffers = null;
        return { outcome: 'run' };
      }
      const code: ErrorCode = answer.releaseManifest === null ? 'UPDATE_UNSIGNED' : 'UPDATE_VERSION_DIFFERS';
      state = { dictated, state: 'differs', code };
      if (toldDiffers !== dictated) deps.log.emit('version.differs', { running: options.running, dictated, code });
      toldDiffers = dictated;
      return mayTry(directive) ? { outcome: 'exit', code } : { outcome: 'run' };
    },
  };
}

function readTried(text: string | null): z.infer<typeof triedSchema> | null {
  try {
    return text === null ? null : triedSchema.parse(JSON.parse(text));
  } catch {
    return null;
  }
}
