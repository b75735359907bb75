import { renameSync, rmSync } from 'node:fs';
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
  const passphrase = signature.passphrase;
  call(
    'osslsigncode',
    [
      'sign',
      ...from,
      // From standard input: a command line can be read by every user of the machine.
      ...(passphrase === undefined ? [] : ['-readpass', '-']),
      '-h',
      'sha256',
      '-n',
      'Flynotes Agent',
      ...(signature.timestampUrl === undefined ? [] : ['-ts', signature.timestampUrl]),
      '-in',
      file,
      '-out',
      signed,
    ],
    passphrase === undefined ? {} : { input: passphrase },
  );
  renameSync(signed, file);
}
