import { closeSync, fsyncSync, mkdirSync, openSync, readFileSync, renameSync, writeSync } from 'node:fs';
import path from 'node:path';

/** The installer's properties, and where each stands in `config.json`. */
const fields = {
  LICENCEKEY: 'licenceKey',
  FLYNOTESURL: 'flynotesUrl',
  ROLLBARTOKEN: 'rollbarToken',
  R4DATABASE: 'database',
} as const;

/** What became of the settings: a configuration's text, or why there is none; never a value. */
export type Settings = { readonly text: string; readonly keptAside: boolean } | { readonly fault: string };

/**
 * Puts the given properties into the configuration that is there already, whose other fields stay as they are: a newer installer
 * with the same command line takes nothing away from what was written by hand.
 * @param lines `NAME=value` lines, as the installer's library hands them over
 * @param existing the bytes of the present `config.json`; null where there is none
 */
export function mergeSettings(lines: string, existing: Uint8Array | null): Settings {
  const given = new Map(
    lines
      .split('\n')
      .map((line) => line.trim())
      .filter((line) => line.includes('='))
      .map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1).trim()]),
  );
  const present = existing === null ? {} : readObject(existing);
  const config: Record<string, unknown> = { ...present };
  for (const [property, field] of Object.entries(fields)) {
    const value = given.get(property) ?? '';
    if (value !== '') config[field] = value;
  }
  const dataDir = given.get('DATADIR') ?? '';
  if (dataDir === '') return { fault: 'The installer named no data folder.' };
  config['dataDir'] = dataDir;
  const fault = faultOf(config);
  if (fault !== null) return { fault };
  return { text: `${JSON.stringify(config, null, 2)}\n`, keptAside: existing !== null && present === null };
}

/** Null where it is no JSON object: such a file is of no use to the agent either. */
function readObject(bytes: Uint8Array): Record<string, unknown> | null {
  const utf16 = bytes[0] === 0xff && bytes[1] === 0xfe;
  try {
    // The decoder takes a byte order mark away, which Windows' editors like to write.
    const value: unknown = JSON.parse(new TextDecoder(utf16 ? 'utf-16le' : 'utf-8', { fatal: true }).decode(bytes));
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : null;
  } catch {
    return null;
  }
}

/** What an installer can know to be wrong; everything else is the agent's to examine, and its doctor's to tell. */
function faultOf(config: Readonly<Record<string, unknown>>): string | null {
  const { licenceKey, flynotesUrl, rollbarToken } = config;
  if (licenceKey === undefined) return 'LICENCEKEY is missing: give the licence key that Flynotes gave you.';
  if (typeof licenceKey !== 'string' || !/^[\x21-\x7e]{8,200}$/.test(licenceKey))
    return 'LICENCEKEY must be 8 to 200 characters without spaces, as Flynotes gave it.';
  if (flynotesUrl === undefined) return 'FLYNOTESURL is missing: give the address of Flynotes.';
  if (typeof flynotesUrl !== 'string' || !acceptable(flynotesUrl))
    return 'FLYNOTESURL must be written as https://host.';
  if (rollbarToken !== undefined && (typeof rollbarToken !== 'string' || !/^[\x21-\x7e]{1,200}$/.test(rollbarToken)))
    return 'ROLLBARTOKEN must be a text without spaces.';
  return null;
}

function acceptable(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const url = new URL(text);
  const onThisMachine = /^(?:localhost|127(?:\.\d+){3}|\[::1\])$/.test(url.hostname);
  return (
    (url.protocol === 'https:' || (url.protocol === 'http:' && onThisMachine)) &&
    url.username === '' &&
    url.password === ''
  );
}

/** Writes beside it and renames, so that a power cut leaves the old one or the new one. */
function replaceFile(file: string, text: string): void {
  const temporary = `${file}.new`;
  const descriptor = openSync(temporary, 'w', 0o600);
  try {
    writeSync(descriptor, text);
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
  renameSync(temporary, file);
}

function readIfThere(file: string): Uint8Array | null {
  try {
    return readFileSync(file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}

function main(): number {
  try {
    const lines = readFileSync(0, 'utf8');
    const dataDir = /^DATADIR=(.+)$/m.exec(lines)?.[1]?.trim() ?? '';
    const file = path.join(dataDir, 'config.json');
    const settings = mergeSettings(lines, dataDir === '' ? null : readIfThere(file));
    if ('fault' in settings) {
      process.stdout.write(`${settings.fault}\n`);
      return 1;
    }
    if (settings.keptAside) renameSync(file, path.join(dataDir, 'config.unreadable.json'));
    mkdirSync(dataDir, { recursive: true });
    replaceFile(file, settings.text);
    return 0;
  } catch (error) {
    process.stdout.write(`config.json could not be written (${(error as NodeJS.ErrnoException).code ?? 'unknown'}).\n`);
    return 1;
  }
}

if (import.meta.main) process.exitCode = main();
