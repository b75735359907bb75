import type { ErrorCode, LicenceAnswer } from '../contract/index.ts';
import { codeOf, type Clock, type Log } from '../runtime/index.ts';
import type { Episodes } from '../telemetry/index.ts';

/** Holds the newest answer about the licence, and asks again. */
export interface LicenceKeeper {
  current(): LicenceAnswer;
  /** True when the last request was answered. */
  healthy(): boolean;
  /** Asks Flynotes; several callers at once share one request. What was answered before stays in force when it fails. */
  renew(): Promise<LicenceAnswer>;
}

/** What a keeper needs. */
export interface LicenceKeeperDeps {
  readonly clock: Clock;
  readonly log: Log;
  readonly episodes: Episodes;
  licence(nonce: string, signal: AbortSignal): Promise<LicenceAnswer>;
  newNonce(): string;
  /** Called with each answer after the first. */
  onAnswer(answer: LicenceAnswer, nonce: string, before: LicenceAnswer): void;
  /** Flynotes said no: the key is unknown or suspended, or this version is too old. */
  onRefused(error: unknown): void;
  onChange(): void;
}

const refusals: ReadonlySet<ErrorCode> = new Set(['LICENCE_UNKNOWN', 'LICENCE_SUSPENDED', 'AGENT_TOO_OLD']);

/** True where Flynotes refuses to work with us at all, as opposed to being away. */
export function isLicenceRefusal(error: unknown): boolean {
  return refusals.has(codeOf(error));
}

/** @see {@link LicenceKeeper} */
export function createLicenceKeeper(deps: LicenceKeeperDeps, first: LicenceAnswer, signal: AbortSignal): LicenceKeeper {
  let current = first;
  let healthy = true;
  let renewing: Promise<LicenceAnswer> | undefined;

  const setHealthy = (value: boolean): void => {
    if (healthy === value) return;
    healthy = value;
    deps.onChange();
  };

  const ask = async (): Promise<LicenceAnswer> => {
    const nonce = deps.newNonce();
    try {
      const answer = await deps.licence(nonce, signal);
      const before = current;
      current = answer;
      const expiresInMs = Date.parse(answer.queue.credentials.expiresAt) - deps.clock.now();
      deps.log.emit('licence.renewed', { expiresInMs });
      deps.episodes.worked('licence');
      deps.onAnswer(answer, nonce, before);
      setHealthy(true);
      return answer;
    } catch (error) {
      if (!signal.aborted) {
        deps.episodes.failed('licence', error);
        setHealthy(false);
        if (isLicenceRefusal(error)) deps.onRefused(error);
      }
      throw error;
    }
  };

  return {
    current: () => current,
    healthy: () => healthy,
    renew() {
      renewing ??= ask().finally(() => {
        renewing = undefined;
      });
      return renewing;
    },
  };
}

/** True where an answer changes what the parts were built on: they are built anew by starting again. */
export function changesFoundations(before: LicenceAnswer, after: LicenceAnswer): boolean {
  return (
    before.practice.id !== after.practice.id ||
    before.practice.timeZone !== after.practice.timeZone ||
    before.queue.url !== after.queue.url ||
    before.queue.region !== after.queue.region ||
    before.queue.endpoint !== after.queue.endpoint ||
    before.digest.key !== after.digest.key ||
    before.digest.canonicalVersion !== after.digest.canonicalVersion ||
    JSON.stringify(before.schemaOverrides) !== JSON.stringify(after.schemaOverrides)
  );
}
