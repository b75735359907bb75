import { randomBytes } from 'node:crypto';
import type { QueueCredentials } from '@flynotes/carestream-server/api';

/** Long-term credentials, as an IAM user has them: everything is allowed, and they do not expire. */
export interface AdminCredentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

/** What the guard knows of an access key. */
export interface KnownKey {
  readonly secretAccessKey: string;
  /** Absent for long-term credentials. */
  readonly session?: { readonly token: string; readonly expiresAtMs: number; readonly queueName: string };
}

/** The keys that this queue service knows. */
export interface Keys {
  readonly admin: AdminCredentials;
  find(accessKeyId: string): KnownKey | undefined;
  /** Temporary credentials for one queue: receive, delete, change visibility, read attributes; nothing else. */
  issue(queueName: string, durationS: number): QueueCredentials;
  /** All temporary credentials issued so far expire now. Returns how many of them were still valid. */
  expireAll(): number;
  /** All temporary credentials issued so far are forgotten, as when their issuer's key is withdrawn. */
  forgetAll(): void;
  issued(): number;
}

/** @see {@link Keys} */
export function createKeys(options: { readonly admin?: AdminCredentials; readonly now: () => number }): Keys {
  const admin = options.admin ?? { accessKeyId: keyId('AKIA'), secretAccessKey: randomBytes(30).toString('base64') };
  const sessions = new Map<string, KnownKey>();
  let issued = 0;

  return {
    admin,
    find: (accessKeyId) =>
      accessKeyId === admin.accessKeyId ? { secretAccessKey: admin.secretAccessKey } : sessions.get(accessKeyId),
    issue(queueName, durationS) {
      for (const [id, key] of sessions) {
        // Keys that expired a day ago answer no differently from unknown ones that matter to nobody.
        if (key.session && key.session.expiresAtMs < options.now() - 86_400_000) sessions.delete(id);
      }
      const accessKeyId = keyId('ASIA');
      const secretAccessKey = randomBytes(30).toString('base64');
      const token = randomBytes(120).toString('base64');
      const expiresAtMs = options.now() + durationS * 1_000;
      sessions.set(accessKeyId, { secretAccessKey, session: { token, expiresAtMs, queueName } });
      issued += 1;
      return { accessKeyId, secretAccessKey, sessionToken: token, expiresAt: new Date(expiresAtMs).toISOString() };
    },
    expireAll() {
      let count = 0;
      for (const [id, key] of sessions) {
        if (!key.session || key.session.expiresAtMs <= options.now()) continue;
        sessions.set(id, { ...key, session: { ...key.session, expiresAtMs: options.now() - 1 } });
        count += 1;
      }
      return count;
    },
    forgetAll: () => sessions.clear(),
    issued: () => issued,
  };
}

/** Twenty characters, as AWS makes them: a prefix for the kind and letters and digits of base 32. */
function keyId(prefix: 'AKIA' | 'ASIA'): string {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';
  return prefix + Array.from(randomBytes(16), (byte) => alphabet[byte % 32]).join('');
}
