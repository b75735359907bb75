import type { EncryptionPolicy } from './prelogin.ts';

/** What the server tells an observer. Statement texts, never row data. */
export type TdsEvent =
  | { readonly kind: 'connected'; readonly connectionId: number; readonly remoteAddress: string }
  | {
      readonly kind: 'login';
      readonly connectionId: number;
      readonly user: string;
      readonly database: string;
      readonly applicationName: string;
      readonly hostName: string;
      readonly tdsVersion: string;
      readonly encryption: 'none' | 'login-only' | 'whole-connection';
    }
  | { readonly kind: 'login-failed'; readonly connectionId: number; readonly user: string; readonly number: number }
  | { readonly kind: 'statement'; readonly connectionId: number; readonly text: string; readonly via: string }
  | {
      readonly kind: 'finished';
      readonly connectionId: number;
      readonly via: string;
      readonly rows: number;
      readonly errorNumber?: number;
      readonly cancelled: boolean;
    }
  | { readonly kind: 'fault'; readonly connectionId: number; readonly fault: string }
  | { readonly kind: 'protocol-error'; readonly connectionId: number; readonly message: string }
  | { readonly kind: 'internal-error'; readonly connectionId: number; readonly error: unknown }
  | { readonly kind: 'closed'; readonly connectionId: number };

/** `1.0-only` is what an unpatched 2008 R2 offers. */
export type TlsMode = 'off' | '1.2' | '1.0-only';

export interface TdsServerOptions {
  /** Loopback unless told. */
  readonly host?: string;
  /** 0 (the default) takes a free one. */
  readonly port?: number;
  readonly tls?: TlsMode;
  /** "Force encryption": clients that won't encrypt are turned away. */
  readonly forceEncryption?: boolean;
  /** How long a client may take to log in. */
  readonly loginTimeoutMs?: number;
  /** The largest request accepted after login. */
  readonly maxRequestBytes?: number;
  readonly maxConnections?: number;
  /** Must not throw; what it throws is ignored. */
  readonly onEvent?: (event: TdsEvent) => void;
}

export const DEFAULTS = {
  host: '127.0.0.1',
  loginTimeoutMs: 30_000,
  maxRequestBytes: 64 * 1024 * 1024,
  maxConnections: 512,
} as const;

export function encryptionPolicy(options: TdsServerOptions): EncryptionPolicy {
  if ((options.tls ?? 'off') === 'off') return 'none';
  return options.forceEncryption === true ? 'forced' : 'offered';
}
