import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { readFault } from './fault-message.ts';
import type { Fault, LoginDefinition, R4ServerOptions, TlsMode } from './index.ts';
import { dialectNames, defaultPatients, type DialectName } from './practice/index.ts';

/** What the command line asks for. */
export interface ServerArguments {
  readonly server: R4ServerOptions;
  readonly faults: readonly Fault[];
  readonly untilStdinCloses: boolean;
  readonly events: boolean;
}

/** A command line that cannot be followed; its message says what to do. */
export class ArgumentError extends Error {}

const tlsModes: readonly TlsMode[] = ['off', '1.2', '1.0-only'];

export const usage = `A Carestream R4 database that speaks SQL Server's protocol (2008 R2), with a generated practice.

  --host ADDRESS        where to listen; 127.0.0.1
  --port N              0 takes a free one, which the "listening" line names; 0
  --patients N          ${defaultPatients}
  --seed N              the same seed gives the same practice; 1
  --dialect NAME        ${dialectNames.join(', ')}; classic
  --tls MODE            ${tlsModes.join(', ')}; off
  --force-encryption    turn clients away that will not encrypt
  --logins FILE         a JSON file of logins instead of flynotes_reader, reception and sa
  --fault JSON          a fault from the start; may be repeated
  --events              print an event per line: logins, statements, faults
  --until-stdin-closes  end when standard input does

Prints one JSON line when it listens. Takes JSON lines on standard input, or messages from a parent process:
{ "fault": {…} }   { "clearFaults": true }   { "stop": true }
`;

const wholeNumber = (
  name: string,
  text: string | undefined,
  limits: { readonly low: number; readonly high: number },
): number | undefined => {
  if (text === undefined) return undefined;
  const value = Number(text);
  if (!/^\d+$/.test(text) || value < limits.low || value > limits.high) {
    throw new ArgumentError(`--${name} takes a whole number from ${limits.low} to ${limits.high}, not "${text}".`);
  }
  return value;
};

const oneOf = <T extends string>(name: string, text: string | undefined, allowed: readonly T[]): T | undefined => {
  if (text === undefined) return undefined;
  const found = allowed.find((candidate) => candidate === text);
  if (found === undefined) throw new ArgumentError(`--${name} takes ${allowed.join(', ')}, not "${text}".`);
  return found;
};

const json = (name: string, text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new ArgumentError(`--${name} takes JSON: ${error instanceof Error ? error.message : String(error)}.`);
  }
};

/** @throws ArgumentError where the value is no fault */
export const asFault = (value: unknown): Fault => {
  const result = readFault(value);
  if ('wrong' in result)
    throw new ArgumentError(
      `That is no fault the server knows. ${result.wrong}. An example: {"kind":"deadlock","times":1}`,
    );
  return result.fault;
};

const isLogin = (value: unknown): value is LoginDefinition => {
  const login = value as Partial<LoginDefinition> | null;
  return (
    typeof login === 'object' &&
    login !== null &&
    [login.user, login.password, login.defaultDatabase].every((text) => typeof text === 'string') &&
    ['reader', 'writer', 'sysadmin'].includes(login.role ?? '')
  );
};

const loginsOf = (file: string | undefined): readonly LoginDefinition[] | undefined => {
  if (file === undefined) return undefined;
  let content: string;
  try {
    content = readFileSync(file, 'utf8');
  } catch (error) {
    throw new ArgumentError(`--logins: ${error instanceof Error ? error.message : String(error)}.`);
  }
  const value = json('logins', content);
  if (!Array.isArray(value) || !value.every(isLogin)) {
    throw new ArgumentError(
      '--logins takes a list of { "user", "password", "defaultDatabase", "role": "reader" | "writer" | "sysadmin" }.',
    );
  }
  return value;
};

/** Leaves out what was not given, so that the server's own defaults apply. */
const given = <T extends object>(fields: { [K in keyof T]: T[K] | undefined }): T =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as T;

/**
 * Reads the command line.
 *
 * @returns `'help'` where only help is asked for
 * @throws ArgumentError
 */
export const readArguments = (args: readonly string[]): ServerArguments | 'help' => {
  let values;
  try {
    ({ values } = parseArgs({
      args: [...args],
      options: {
        host: { type: 'string' },
        port: { type: 'string' },
        patients: { type: 'string' },
        seed: { type: 'string' },
        dialect: { type: 'string' },
        tls: { type: 'string' },
        'force-encryption': { type: 'boolean' },
        logins: { type: 'string' },
        fault: { type: 'string', multiple: true },
        events: { type: 'boolean' },
        'until-stdin-closes': { type: 'boolean' },
        help: { type: 'boolean', short: 'h' },
      },
    }));
  } catch (error) {
    throw new ArgumentError(error instanceof Error ? error.message : String(error));
  }
  if (values.help === true) return 'help';
  const server = given<R4ServerOptions>({
    host: values.host,
    port: wholeNumber('port', values.port, { low: 0, high: 65_535 }),
    patients: wholeNumber('patients', values.patients, { low: 0, high: 5_000_000 }),
    seed: wholeNumber('seed', values.seed, { low: 0, high: 4_294_967_295 }),
    dialect: oneOf<DialectName>('dialect', values.dialect, dialectNames),
    tls: oneOf<TlsMode>('tls', values.tls, tlsModes),
    forceEncryption: values['force-encryption'],
    logins: loginsOf(values.logins),
  });
  return {
    server,
    faults: (values.fault ?? []).map((text) => asFault(json('fault', text))),
    untilStdinCloses: values['until-stdin-closes'] ?? false,
    events: values.events ?? false,
  };
};
