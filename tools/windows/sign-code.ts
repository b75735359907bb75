import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { call } from './call.ts';

/** The certificate that Windows shows as the publisher. */
export type CodeSignature = {
  readonly passphrase?: string;
  /** An RFC 3161 server: signatures then outlive the certificate. */
  readonly timestampUrl?: string;
} & ({ readonly certificate: string; readonly key: string } | { readonly pkcs12: string });

/** Signs a program, a library or an MSI in place (Authenticode, SHA-256). @throws Error with osslsigncode's words */
export function signCode(file: string, signature: CodeSignature): void {
  const signed = `${file}.signed`;
  rmSync(signed, { force: true });
  const from =
    'pkcs12' in signature ? ['-pkcs12', signature.pkcs12] : ['-certs', signature.certificate, '-key', signature.key];
  const { passphrase } = signature;
  // A command line can be read by every user of the machine; and a pipe is not read reliably. A folder of one's own can be.
  const folder = mkdtempSync(path.join(tmpdir(), 'carestream-sign-'));
  const passphraseFile = path.join(folder, 'passphrase');
  try {
    if (passphrase !== undefined) writeFileSync(passphraseFile, passphrase, { mode: 0o600 });
    call('osslsigncode', [
      'sign',
      ...from,
      ...(passphrase === undefined ? [] : ['-readpass', passphraseFile]),
      '-h',
      'sha256',
      '-n',
      'Flynotes Agent',
      ...(signature.timestampUrl === undefined ? [] : ['-ts', signature.timestampUrl]),
      '-in',
      file,
      '-out',
      signed,
    ]);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  renameSync(signed, file);
}
