import { createSecureContext } from 'node:tls';
import type { SecureContext } from 'node:tls';
import { createSelfSignedCertificate } from './certificate.ts';
import type { TlsMode } from './options.ts';

const COMMON_NAME = 'SSL_Self_Signed_Fallback';

/** Makes the server's certificate and says which TLS versions it speaks. undefined: none at all. */
export async function createServerSecureContext(mode: TlsMode): Promise<SecureContext | undefined> {
  switch (mode) {
    case 'off':
      return undefined;
    case '1.2': {
      const certificate = await createSelfSignedCertificate({
        commonName: COMMON_NAME,
        modulusBits: 2048,
        digest: 'sha256',
      });
      // TLS 1.3 has no place in TDS 7: its tickets arrive after the handshake's packets have ended.
      return createSecureContext({ ...certificate, minVersion: 'TLSv1.2', maxVersion: 'TLSv1.2' });
    }
    case '1.0-only': {
      // As 2008 R2 makes it. OpenSSL allows TLS 1.0 and such a key only at security level 0.
      const certificate = await createSelfSignedCertificate({
        commonName: COMMON_NAME,
        modulusBits: 1024,
        digest: 'sha1',
      });
      return createSecureContext({
        ...certificate,
        minVersion: 'TLSv1',
        maxVersion: 'TLSv1',
        ciphers: 'DEFAULT@SECLEVEL=0',
      });
    }
  }
}
