import { generateKeyPair, randomBytes, sign } from 'node:crypto';
import { promisify } from 'node:util';
import { der } from './der.ts';
import type { Der } from './der.ts';

/** A key and its self-signed certificate, both PEM. Made at start, kept in memory alone. */
export interface Certificate {
  readonly key: string;
  readonly cert: string;
}

export interface CertificateOptions {
  readonly commonName: string;
  readonly modulusBits: 1024 | 2048;
  readonly digest: 'sha1' | 'sha256';
  /** Ten years from now unless told; a time that is over makes an expired one. */
  readonly validUntil?: Date;
}

const SIGNATURE_OID = { sha1: '1.2.840.113549.1.1.5', sha256: '1.2.840.113549.1.1.11' } as const;
const OID = {
  commonName: '2.5.4.3',
  subjectAltName: '2.5.29.17',
  extendedKeyUsage: '2.5.29.37',
  serverAuth: '1.3.6.1.5.5.7.3.1',
} as const;
const DAY_MS = 86_400_000;
const VALID_DAYS = 3650;

/** What SQL Server does at start when nobody gave it a certificate ("SSL_Self_Signed_Fallback"). X.509 v3, RFC 5280 4.1. */
export async function createSelfSignedCertificate(options: CertificateOptions): Promise<Certificate> {
  const { publicKey, privateKey } = await promisify(generateKeyPair)('rsa', { modulusLength: options.modulusBits });
  const algorithm = der.sequence(der.oid(SIGNATURE_OID[options.digest]), der.null());
  const name = der.sequence(der.set(der.sequence(der.oid(OID.commonName), der.utf8(options.commonName))));
  const until = options.validUntil ?? new Date(Date.now() + (VALID_DAYS - 1) * DAY_MS);
  const from = new Date(until.getTime() - VALID_DAYS * DAY_MS);
  const body = der.sequence(
    der.explicit(0, der.integer(Buffer.from([2]))),
    // The top bit is cleared: a serial number is positive and has no leading zero byte.
    der.integer(randomBytes(16).map((byte, index) => (index === 0 ? (byte & 0x7f) | 0x40 : byte))),
    algorithm,
    name,
    der.sequence(der.utcTime(from), der.utcTime(until)),
    name,
    publicKey.export({ type: 'spki', format: 'der' }),
    der.explicit(3, extensions()),
  );
  const signature = sign(options.digest, body, privateKey);
  const certificate = der.sequence(body, algorithm, der.bitString(signature));
  return {
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    cert: pem(certificate),
  };
}

function extensions(): Der {
  const names = der.sequence(
    der.implicit(2, Buffer.from('localhost', 'latin1')),
    der.implicit(7, Buffer.from([127, 0, 0, 1])),
  );
  return der.sequence(
    der.sequence(der.oid(OID.subjectAltName), der.octetString(names)),
    der.sequence(der.oid(OID.extendedKeyUsage), der.octetString(der.sequence(der.oid(OID.serverAuth)))),
  );
}

function pem(bytes: Buffer): string {
  const lines = bytes.toString('base64').match(/.{1,64}/g) ?? [];
  return `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`;
}
