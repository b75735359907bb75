import type { SecureContext } from 'node:tls';
import type { TlsMode } from './options.ts';

export async function createServerSecureContext(mode: TlsMode): Promise<SecureContext | undefined> {
  if (mode === 'off') return undefined;
  throw new Error('TLS is not there yet');
}
