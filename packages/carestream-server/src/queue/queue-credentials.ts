import type { QueueCredentials } from '../contract/index.ts';
import type { Clock } from '../runtime/index.ts';

/** Where the queue's credentials come from: the licence answers of Flynotes. */
export interface CredentialSource {
  /** Those of the licence answer that is at hand. */
  current(): QueueCredentials;
  /** Asks Flynotes for new ones. Never called twice at once. */
  renew(): Promise<QueueCredentials>;
}

/** The form in which the SDK takes credentials; `expiration` must be a Date, or they would never be renewed. */
export interface SdkCredentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken: string;
  readonly expiration: Date;
}

/** Credentials that are renewed each hour, and kept until their real end if Flynotes is away. */
export interface CachedCredentials {
  /**
   * For the SDK, which asks again from five minutes before `expiration` on, about twice with each request.
   * @throws the failure of the renewal, once the real end has come
   */
  provide(): Promise<SdkCredentials>;
  /** The access key that a request made now is signed with. */
  accessKeyId(): string;
  /**
   * The queue refused this access key. True when there is another one now. Asked of Flynotes no more than every few seconds.
   */
  replace(refusedAccessKeyId: string): Promise<boolean>;
}

/** Options of {@link createCachedCredentials}. */
export interface CachedCredentialsOptions {
  /** Age at which new ones are asked for. */
  readonly renewAfterMs: number;
  /** What is told to the SDK as their age at the end; its margin is five minutes. */
  readonly capMs: number;
  /** The least time between two renewals that fail, or that are forced. */
  readonly apartMs: { readonly failed: number; readonly forced: number };
}

const defaults: CachedCredentialsOptions = {
  renewAfterMs: 3_600_000,
  capMs: 3_900_000,
  apartMs: { failed: 60_000, forced: 5_000 },
};

/** So long the SDK is kept from asking again after a renewal failed: its margin and a minute. */
const sdkQuietMs = 360_000;

/**
 * @see {@link CachedCredentials}
 * All times are measured on the monotonic clock from the moment of arrival, so a machine whose clock is set wrong, or is set right, does
 * not take good credentials for expired.
 */
export function createCachedCredentials(
  deps: { readonly clock: Clock; readonly source: CredentialSource; onRenewed?(forced: boolean): void },
  options: Partial<CachedCredentialsOptions> = {},
): CachedCredentials {
  const { clock, source } = deps;
  const settings = { ...defaults, ...options };
  let held = arrived(source.current());
  let seen = held.credentials.accessKeyId;
  let renewal: Promise<void> | null = null;
  let lastFailure: { readonly at: number; readonly error: unknown } | null = null;
  let lastForcedAt = Number.NEGATIVE_INFINITY;

  function arrived(credentials: QueueCredentials) {
    const lifeMs = Date.parse(credentials.expiresAt) - clock.now();
    // A life of nothing or less means that one of the two clocks is wrong; then the queue itself will say when they are over.
    return { credentials, at: clock.monotonic(), lifeMs: lifeMs > 0 ? lifeMs : settings.capMs };
  }

  const age = () => clock.monotonic() - held.at;

  async function renew(forced: boolean): Promise<void> {
    renewal ??= (async () => {
      try {
        held = arrived(await source.renew());
        lastFailure = null;
        deps.onRenewed?.(forced);
      } catch (error) {
        lastFailure = { at: clock.monotonic(), error };
        throw error;
      } finally {
        renewal = null;
      }
    })();
    await renewal;
  }

  /** Takes over what a licence answer brought in the meantime. */
  function adopt(): void {
    const current = source.current();
    if (current.accessKeyId === seen) return;
    seen = current.accessKeyId;
    if (seen === held.credentials.accessKeyId) return;
    held = arrived(current);
    lastFailure = null;
  }

  return {
    accessKeyId: () => held.credentials.accessKeyId,
    async provide() {
      adopt();
      const due = age() >= Math.min(settings.renewAfterMs, held.lifeMs * 0.8);
      const mayTry = lastFailure === null || clock.monotonic() - lastFailure.at >= settings.apartMs.failed;
      if (due && (mayTry || renewal)) await renew(false).catch(() => undefined);
      const leftMs = held.lifeMs - age();
      if (leftMs <= 0 && lastFailure) throw lastFailure.error;
      const { accessKeyId, secretAccessKey, sessionToken } = held.credentials;
      const toldMs = Math.min(leftMs, lastFailure ? sdkQuietMs : settings.capMs - age());
      return { accessKeyId, secretAccessKey, sessionToken, expiration: new Date(clock.now() + toldMs) };
    },
    async replace(refusedAccessKeyId) {
      adopt();
      if (held.credentials.accessKeyId !== refusedAccessKeyId) return true;
      if (!renewal) {
        if (clock.monotonic() - lastForcedAt < settings.apartMs.forced) return false;
        lastForcedAt = clock.monotonic();
      }
      await renew(true);
      return held.credentials.accessKeyId !== refusedAccessKeyId;
    },
  };
}
