import { createPrivateKey, X509Certificate } from 'node:crypto';
import { expect, test } from 'vitest';
import { createSelfSignedCertificate } from './certificate.ts';

test.each([
  [2048, 'sha256'],
  [1024, 'sha1'],
] as const)('a self-signed certificate of %i bits, %s', async (modulusBits, digest) => {
  const { key, cert } = await createSelfSignedCertificate({
    commonName: 'SSL_Self_Signed_Fallback',
    modulusBits,
    digest,
  });
  const certificate = new X509Certificate(cert);
  expect(certificate.subject).toBe('CN=SSL_Self_Signed_Fallback');
  expect(certificate.issuer).toBe(certificate.subject);
  expect(certificate.verify(certificate.publicKey)).toBe(true);
  expect(certificate.checkPrivateKey(createPrivateKey(key))).toBe(true);
  expect(certificate.checkIP('127.0.0.1')).toBe('127.0.0.1');
  expect(certificate.checkHost('localhost')).toBe('localhost');
  expect(certificate.publicKey.asymmetricKeyDetails?.modulusLength).toBe(modulusBits);
  expect(Date.parse(certificate.validFrom)).toBeLessThan(Date.now());
  expect(Date.parse(certificate.validTo)).toBeGreaterThan(Date.now());
});
