import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { Writable } from 'node:stream';

/** Where a passphrase may come from besides the terminal; both for machines, not for people. */
export interface PassphraseSource {
  readonly file?: string | undefined;
  readonly environment: NodeJS.ProcessEnv;
}

/** The variable that is read where no file is given. */
export const passphraseVariable = 'CARESTREAM_RELEASE_PASSPHRASE';

/** As {@link takePassphrase}; typed twice on a terminal, because a new key that nobody can open is lost. @throws Error where the two differ */
export async function takeNewPassphrase(prompt: string, source: PassphraseSource): Promise<string> {
  const given = await takePassphrase(prompt, source);
  if (isGiven(source)) return given;
  if ((await takePassphrase('Once more: ', source)) !== given) throw new Error('the two are not the same');
  return given;
}

function isGiven({ file, environment }: PassphraseSource): boolean {
  return file !== undefined || (environment[passphraseVariable] ?? '') !== '';
}

/** Takes the passphrase from a file, the environment, or asks on the terminal without showing it. @throws Error where there is none of them */
export async function takePassphrase(prompt: string, source: PassphraseSource): Promise<string> {
  if (source.file !== undefined) return readFileSync(source.file, 'utf8').replace(/\r?\n$/, '');
  const given = source.environment[passphraseVariable];
  if (given !== undefined && given !== '') return given;
  if (!process.stdin.isTTY) {
    throw new Error(`there is no terminal to ask on: use --passphrase-file, or set ${passphraseVariable}`);
  }
  process.stderr.write(prompt);
  const silent = new Writable({ write: (_chunk, _encoding, done) => done() });
  const lines = createInterface({ input: process.stdin, output: silent, terminal: true });
  try {
    return await new Promise<string>((resolve, reject) => {
      lines.once('line', resolve);
      lines.once('close', () => reject(new Error('no passphrase was given')));
    });
  } finally {
    lines.close();
    process.stderr.write('\n');
  }
}
