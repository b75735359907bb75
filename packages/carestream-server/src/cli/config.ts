import { resolve } from 'node:path';
import type { ErrorCode } from '../contract/index.ts';
import { lifeTimes, type LifeTimes } from '../lifecycle/index.ts';
import { AgentError, isAgentError, type ErrorDetails } from '../runtime/index.ts';
import { readJson, type JsonDocument, type Position } from './json-reader.ts';
import { nearestOf } from './spelling.ts';
import { checkDatabaseSetting, type DatabaseSetting } from './database-setting.ts';

/** The configuration of one practice, checked. */
export interface AgentConfig {
  readonly licenceKey: string;
  readonly flynotesUrl: string;
  /** Absent: R4 is searched on this machine, with Windows authentication. */
  readonly database?: DatabaseSetting;
  readonly dataDir: string;
  readonly proxy?: string;
  readonly rollbarToken?: string;
  /** Set for emulators alone. */
  readonly rollbarEndpoint?: string;
  /** Shortened by tests and the sandbox. */
  readonly times: Partial<LifeTimes>;
}

/** What {@link readConfig} found: a configuration, or all that is wrong with it. */
export type ConfigReading =
  | { readonly outcome: 'config'; readonly config: AgentConfig }
  | { readonly outcome: 'invalid'; readonly failures: readonly AgentError[] };

/** Where a configuration comes from. */
export interface ConfigSource {
  /** The file's name, for messages; null where there is no file. */
  readonly file: string | null;
  /** The file's text, or the object that a program gave. */
  readonly content: string | Readonly<Record<string, unknown>>;
  readonly environment: Readonly<Record<string, string | undefined>>;
}

/** Environment variables that stand above the file. */
const overrides = {
  licenceKey: 'CARESTREAM_LICENCE_KEY',
  flynotesUrl: 'CARESTREAM_FLYNOTES_URL',
  database: 'CARESTREAM_DATABASE',
  dataDir: 'CARESTREAM_DATA_DIR',
} as const;

const required = ['licenceKey', 'flynotesUrl', 'dataDir'] as const;
const fieldNames = [...required, 'database', 'proxy', 'rollbarToken', 'rollbarEndpoint', 'times'];
const timeNames = Object.keys(lifeTimes);
const longestTimeMs = 2_147_483_647;
const backslashMend = 'it holds a control character; in JSON write each backslash twice, as in "C:\\\\Data"';

/** Checks one configuration and reports everything that is wrong with it at once. Messages name fields and places, never values. */
export function readConfig(source: ConfigSource): ConfigReading {
  const failures: AgentError[] = [];
  const document = documentOf(source, failures);
  if (!document) return { outcome: 'invalid', failures };
  const fail = (code: ErrorCode, field: string, mend?: string): void => {
    const environmentName = fromEnvironment(source, field);
    const place: ErrorDetails = environmentName
      ? { variable: environmentName }
      : { ...fileOf(source), ...document.positions.get(field) };
    failures.push(new AgentError(code, { details: { field: shown(field), ...place, ...(mend ? { mend } : {}) } }));
  };

  const given: Record<string, unknown> = { ...(document.value as Record<string, unknown>) };
  for (const path of document.repeated) fail('CONFIG_FIELD_INVALID', path, 'it is given twice; remove one of the two');
  for (const name of Object.keys(given)) {
    if (!fieldNames.includes(name)) failUnknown(fail, name, fieldNames);
  }
  for (const [name, variable] of Object.entries(overrides)) {
    const value = source.environment[variable];
    if (value !== undefined && value !== '') given[name] = value;
  }

  const text = (name: string, check: (value: string) => string | null): string | undefined => {
    const value = given[name];
    if (value === undefined) return undefined;
    const trimmed = typeof value === 'string' ? value.trim() : value;
    const fault =
      typeof trimmed !== 'string' ? 'it must be a text in double quotes' : (faultOfText(trimmed) ?? check(trimmed));
    if (fault !== null) fail('CONFIG_FIELD_INVALID', name, fault);
    return typeof trimmed === 'string' ? trimmed : undefined;
  };

  for (const name of required) {
    if (given[name] === undefined || given[name] === null) {
      delete given[name];
      fail('CONFIG_FIELD_MISSING', name, `or set ${overrides[name]}`);
    }
  }
  const licenceKey = text('licenceKey', (key) =>
    /^[\x21-\x7e]{8,200}$/.test(key) ? null : 'it must be 8 to 200 characters without spaces, as Flynotes gave it',
  );
  const flynotesUrl = text('flynotesUrl', faultOfFlynotesUrl);
  const dataDir = text('dataDir', () => null);
  const proxy = text('proxy', (url) =>
    ['http:', 'https:'].includes(urlOf(url)?.protocol ?? '') ? null : 'write it as http://host:port',
  );
  const rollbarToken = text('rollbarToken', (token) =>
    /^[\x21-\x7e]{1,200}$/.test(token) ? null : 'it must be a text without spaces',
  );
  const rollbarEndpoint = text('rollbarEndpoint', faultOfFlynotesUrl);
  const database = readDatabase(given['database'], fail);
  const times = readTimes(given['times'], fail);
  if (failures.length > 0 || !licenceKey || !flynotesUrl || !dataDir || database === null) {
    return { outcome: 'invalid', failures };
  }
  return {
    outcome: 'config',
    config: {
      licenceKey,
      flynotesUrl,
      ...(database === undefined ? {} : { database }),
      dataDir: resolve(dataDir),
      ...(proxy ? { proxy } : {}),
      ...(rollbarToken ? { rollbarToken } : {}),
      ...(rollbarEndpoint ? { rollbarEndpoint } : {}),
      times,
    },
  };
}

type Fail = (code: ErrorCode, field: string, mend?: string) => void;

function documentOf(source: ConfigSource, failures: AgentError[]): JsonDocument | null {
  if (typeof source.content !== 'string') return { value: source.content, positions: new Map(), repeated: [] };
  const reading = readJson(source.content);
  const reject = (position: Position, mend: string): null => {
    failures.push(new AgentError('CONFIG_NOT_JSON', { details: { ...fileOf(source), ...position, mend } }));
    return null;
  };
  if (reading.outcome === 'fault') return reject(reading.fault.position, reading.fault.mend);
  const { value } = reading.document;
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return reject({ line: 1, column: 1 }, 'the configuration must be one object: { … }');
  }
  return reading.document;
}

function fileOf(source: ConfigSource): ErrorDetails {
  return source.file === null ? {} : { file: source.file };
}

function fromEnvironment(source: ConfigSource, field: string): string | null {
  const variable = Object.hasOwn(overrides, field) ? overrides[field as keyof typeof overrides] : undefined;
  return variable !== undefined && source.environment[variable] ? variable : null;
}

function failUnknown(fail: Fail, path: string, known: readonly string[]): void {
  const name = path.slice(path.lastIndexOf('.') + 1);
  const nearest = nearestOf(name, known);
  fail('CONFIG_FIELD_UNKNOWN', path, nearest === null ? `known are ${known.join(', ')}` : `did you mean ${nearest}?`);
}

/** A field's name as it may be repeated in a message: something that is no name may be a key that slipped into its place. */
function shown(field: string): string {
  return /^[A-Za-z][\w.-]{0,40}$/.test(field) ? field : '(not a name)';
}

function faultOfText(value: string): string | null {
  if (value === '') return 'it is empty';
  return /[\u0000-\u001f\u007f]/.test(value) ? backslashMend : null;
}

function urlOf(value: string): URL | null {
  return URL.canParse(value) ? new URL(value) : null;
}

function faultOfFlynotesUrl(value: string): string | null {
  const url = urlOf(value);
  if (!url || !['http:', 'https:'].includes(url.protocol)) return 'write it as https://host';
  if (url.username !== '' || url.password !== '') return 'no user name or password may stand in it';
  if (url.search !== '' || url.hash !== '') return 'nothing may follow the path';
  return url.protocol === 'https:' || isLoopback(url.hostname) ? null : 'it must begin with https://';
}

function isLoopback(hostname: string): boolean {
  return /^(?:localhost|.+\.localhost|127(?:\.\d+){3}|\[::1\])$/.test(hostname);
}

/** Null where it is invalid, which has been told. */
function readDatabase(value: unknown, fail: Fail): DatabaseSetting | null | undefined {
  if (value === undefined) return undefined;
  const isFields = typeof value === 'object' && !Array.isArray(value);
  if (typeof value !== 'string' && !isFields) {
    fail(
      'CONFIG_FIELD_INVALID',
      'database',
      'it must be a connection string or an object with server, user and password; leave it out for a search on this machine',
    );
    return null;
  }
  const setting = value as DatabaseSetting;
  const texts =
    typeof setting === 'string' ? [setting] : Object.values(setting).filter((each) => typeof each === 'string');
  if (texts.some((each) => /[\u0000-\u001f\u007f]/.test(each))) {
    fail('CONFIG_FIELD_INVALID', 'database', backslashMend);
    return null;
  }
  try {
    checkDatabaseSetting(setting);
    return setting;
  } catch (error) {
    if (!isAgentError(error)) throw error;
    const { field, reason, mend } = error.details;
    const hint = mend ?? reason;
    fail(error.code, typeof field === 'string' ? field : 'database', hint === undefined ? undefined : String(hint));
    return null;
  }
}

function readTimes(value: unknown, fail: Fail): Partial<LifeTimes> {
  if (value === undefined) return {};
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    fail('CONFIG_FIELD_INVALID', 'times', 'it must be an object such as { "hourMs": 3600000 }');
    return {};
  }
  const times: Record<string, number> = {};
  for (const [name, ms] of Object.entries(value)) {
    const path = `times.${name}`;
    if (!timeNames.includes(name)) failUnknown(fail, path, timeNames);
    else if (typeof ms !== 'number' || !(ms >= 1) || ms > longestTimeMs) {
      fail('CONFIG_FIELD_INVALID', path, `it must be a number of milliseconds from 1 to ${longestTimeMs}`);
    } else times[name] = ms;
  }
  return times;
}
