import { timesOf } from '@flynotes/testkit';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { isAgentError } from '../runtime/index.ts';
import { readConfigFile } from './config-file.ts';
import { readConfig, type ConfigReading } from './config.ts';
import { nearestOf } from './spelling.ts';

const key = 'flk_5c1d-secret-key';
const good = {
  licenceKey: key,
  flynotesUrl: 'https://flynotes.example.com',
  database: { server: '127.0.0.1', user: 'reader', password: 'pass-word' },
  dataDir: '/var/lib/carestream-server',
};

function read(content: string | object, environment: Record<string, string> = {}): ConfigReading {
  return readConfig({
    file: 'config.json',
    content: content as string,
    environment,
  });
}

/** Code, field and place of each failure. */
function faults(reading: ConfigReading): string[] {
  if (reading.outcome === 'config') return [];
  return reading.failures.map(({ code, details }) =>
    [code, details['field'] ?? '', details['line'] ?? '', details['column'] ?? ''].join(' ').trim(),
  );
}

const messages = (reading: ConfigReading): string =>
  reading.outcome === 'config' ? '' : reading.failures.map(({ message }) => message).join('\n');

describe('a good configuration', () => {
  test.each([
    ['with the least that is needed', {}],
    ['with a connection string', { database: 'server=10.0.0.5,1433;Database=sys2000;UID=reader;PWD=x' }],
    ['with a server on this machine over http', { flynotesUrl: 'http://127.0.0.1:4610' }],
    [
      'with everything',
      { proxy: 'http://user:pw@proxy.example.com:3128', rollbarToken: 'abc', times: { hourMs: 5000 } },
    ],
  ])('%s', (_name, more) => {
    const reading = read(JSON.stringify({ ...good, ...more }));
    expect(messages(reading)).toBe('');
    expect(reading).toMatchObject({
      outcome: 'config',
      config: { licenceKey: key, ...more },
    });
  });

  test('a pasted key keeps no spaces around it', () => {
    expect(read({ ...good, licenceKey: `  ${key}\r\n`.trimEnd() })).toMatchObject({ config: { licenceKey: key } });
  });

  test('the environment stands above the file, and may stand for it', () => {
    const environment = {
      CARESTREAM_LICENCE_KEY: 'another-key-of-10',
      CARESTREAM_FLYNOTES_URL: 'https://other.example.com',
      CARESTREAM_DATABASE: 'server=10.1.1.1;uid=a;pwd=b',
      CARESTREAM_DATA_DIR: '/data',
    };
    for (const content of [JSON.stringify(good), '{}', '{"licenceKey": 3, "flynotesUrl": ""}']) {
      expect(read(content, environment)).toMatchObject({
        config: {
          licenceKey: 'another-key-of-10',
          flynotesUrl: 'https://other.example.com',
          database: 'server=10.1.1.1;uid=a;pwd=b',
          dataDir: '/data',
        },
      });
    }
    expect(read(JSON.stringify(good), { CARESTREAM_LICENCE_KEY: '' })).toMatchObject({ config: { licenceKey: key } });
  });
});

describe('a bad configuration names every field, its place, and what to do', () => {
  const lines = (text: string): string => text.replace('GOOD', JSON.stringify(good).slice(1, -1));
  test.each([
    [
      '{}',
      ['CONFIG_FIELD_MISSING licenceKey', 'CONFIG_FIELD_MISSING flynotesUrl', 'CONFIG_FIELD_MISSING dataDir'],
      /or set CARESTREAM_LICENCE_KEY/,
    ],
    ['{GOOD,\n  "licenseKey": "x"}', ['CONFIG_FIELD_UNKNOWN licenseKey 2 3'], /did you mean licenceKey\?/],
    ['{GOOD,\n  "flynotes_url": "x"}', ['CONFIG_FIELD_UNKNOWN flynotes_url 2 3'], /did you mean flynotesUrl\?/],
    ['{GOOD,\n  "colour": "x"}', ['CONFIG_FIELD_UNKNOWN colour 2 3'], /known are licenceKey/],
    ['{GOOD, "times": {\n"hoursMs": 1}}', ['CONFIG_FIELD_UNKNOWN times.hoursMs 2 1'], /did you mean hourMs\?/],
    ['{GOOD, "times": {\n"hourMs": "1h"}}', ['CONFIG_FIELD_INVALID times.hourMs 2 1'], /milliseconds/],
    ['{GOOD, "times": {\n"hourMs": 0}}', ['CONFIG_FIELD_INVALID times.hourMs 2 1'], /milliseconds/],
    ['{GOOD,\n"times": 3}', ['CONFIG_FIELD_INVALID times 2 1'], /object/],
    ['{GOOD,\n"licenceKey": "abcdefgh"}', ['CONFIG_FIELD_INVALID licenceKey 2 1'], /given twice/],
    ['{GOOD,\n"proxy": "proxy.example.com:3128"}', ['CONFIG_FIELD_INVALID proxy 2 1'], /http:\/\/host:port/],
    ['{GOOD,\n"rollbarToken": "a b"}', ['CONFIG_FIELD_INVALID rollbarToken 2 1'], /without spaces/],
    ['[1]', ['CONFIG_NOT_JSON  1 1'], /one object/],
    ['null', ['CONFIG_NOT_JSON  1 1'], /one object/],
    ['{"dataDir": "C:\\Data"}', ['CONFIG_NOT_JSON  1 16'], /backslash twice/],
  ])('%s', (text, expected, mend) => {
    const reading = read(lines(text));
    expect(faults(reading)).toEqual(expected);
    expect(messages(reading)).toMatch(mend);
    expect(messages(reading)).not.toContain(key);
  });

  test.each([
    ['licenceKey', 5, /text in double quotes/],
    ['licenceKey', 'short', /8 to 200/],
    ['licenceKey', 'two words and more', /8 to 200/],
    ['licenceKey', '', /empty/],
    ['flynotesUrl', 'http://flynotes.example.com', /https/],
    ['flynotesUrl', 'http://127.0.0.1.example.com', /https/],
    ['flynotesUrl', 'http://localhost.example.com', /https/],
    ['flynotesUrl', 'flynotes.example.com', /https/],
    ['flynotesUrl', 'ftp://flynotes.example.com', /https/],
    ['flynotesUrl', 'https://user:pw@flynotes.example.com', /no user name/],
    ['flynotesUrl', 'https://flynotes.example.com/?a=1', /nothing may follow/],
    ['dataDir', 'C:\temp\new', /backslash twice/],
    ['dataDir', ['a'], /text in double quotes/],
    ['database', 'server=.\newinstance;uid=a;pwd=b', /backslash twice/],
    ['database', 17, /connection string or an object/],
    ['database', ['server'], /connection string or an object/],
  ] as [string, unknown, RegExp][])('%s: %j', (field, value, mend) => {
    const reading = read(JSON.stringify({ ...good, [field]: value }));
    expect(faults(reading)[0]).toMatch(new RegExp(`^CONFIG_FIELD_INVALID ${field} 1 `));
    expect(messages(reading)).toMatch(mend);
  });

  test('a value from the environment is told by its variable', () => {
    const reading = read(JSON.stringify(good), { CARESTREAM_FLYNOTES_URL: 'nonsense' });
    expect(messages(reading)).toContain('variable: CARESTREAM_FLYNOTES_URL');
    expect(messages(reading)).not.toContain('nonsense');
  });

  test('what is wrong inside the database setting comes from the part that connects', () => {
    const fields = { server: 'x', user: 'a', password: 'b' };
    const inside = (database: object): string[] => faults(read(JSON.stringify({ ...good, database }, null, 1)));
    expect(inside({ ...fields, prot: 1433 })).toEqual(['CONFIG_FIELD_UNKNOWN database.prot 8 3']);
    expect(inside({ server: 'x', user: 'a' })).toEqual(['CONFIG_FIELD_MISSING database.password']);
    expect(inside({ ...fields, port: '1433' })).toEqual(['CONFIG_FIELD_INVALID database.port 8 3']);
    expect(inside({ ...fields, database: 'Tutor' })).toEqual(['CONFIG_FIELD_INVALID database.database 8 3']);
    expect(inside({ connectionString: 7 })).toEqual(['CONFIG_FIELD_INVALID database.connectionString 5 3']);
    expect(inside({ ...fields, connectionString: 'server=x' })).toEqual([
      'CONFIG_FIELD_INVALID database.connectionString 8 3',
    ]);
    expect(messages(read({ ...good, database: 'server=x;uid=a;pwd=b;frobnicate=1' }))).toMatch(
      /CONFIG_FIELD_INVALID.*frobnicate/,
    );
    expect(messages(read({ ...good, database: 'server=x' }))).toMatch(/CONFIG_FIELD_MISSING.*user/);
  });

  test('a key that slipped into the place of a name is not repeated', () => {
    const slipped = 'flk_1234567890-abcdefghijklmnopqrstuvwxyz-0987654321';
    const reading = read(JSON.stringify({ ...good, [slipped]: 'licenceKey' }));
    expect(faults(reading)).toEqual(['CONFIG_FIELD_UNKNOWN (not a name) 1 ' + String(JSON.stringify(good).length + 1)]);
    expect(messages(reading)).not.toContain(slipped);
  });
});

describe('files as editors make them', () => {
  let folder = '';
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'config-'));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  const write = (bytes: Uint8Array | string): string => {
    const file = join(folder, 'config.json');
    writeFileSync(file, bytes);
    return file;
  };
  const text = JSON.stringify({ ...good, dataDir: '/données' });

  test.each([
    ['UTF-8', Buffer.from(text)],
    ['UTF-8 with a byte order mark', Buffer.from(`\uFEFF${text}`)],
    ['UTF-16 little-endian', Buffer.from(`\uFEFF${text}`, 'utf16le')],
    ['UTF-16 big-endian', Buffer.from(`\uFEFF${text}`, 'utf16le').swap16()],
  ])('%s', (_name, bytes) => {
    expect(readConfigFile(write(bytes))).toBe(text);
  });

  test.each([
    ['a missing file', () => join(folder, 'none.json'), 'CONFIG_FILE_MISSING'],
    ['a folder', () => folder, 'CONFIG_FILE_MISSING'],
    ['another encoding', () => write(Buffer.from([0x7b, 0x22, 0xe9, 0x22])), 'CONFIG_NOT_JSON'],
    ['a file of two megabytes', () => write(' '.repeat(2_000_000)), 'CONFIG_NOT_JSON'],
  ])('%s', (_name, file, code) => {
    expect(() => readConfigFile(file())).toThrow(code);
  });
});

test('no configuration, however broken, does more than be refused; the key is never told', () => {
  const text = JSON.stringify({ ...good, times: { hourMs: 5 }, proxy: 'http://p:1' }, null, 1);
  fc.assert(
    fc.property(fc.nat(text.length), fc.nat(5), fc.string({ maxLength: 5 }), (at, cut, put) => {
      const reading = read(text.slice(0, at) + put + text.slice(at + cut));
      if (reading.outcome === 'config') return;
      expect(reading.failures.length).toBeGreaterThan(0);
      expect(reading.failures.every(isAgentError)).toBe(true);
      expect(messages(reading)).not.toContain(key.slice(5));
      expect(messages(reading)).not.toContain('pass-word');
    }),
    { seed: 20_261_122, numRuns: timesOf(2_000, 20_000) },
  );
});

test.each([
  ['licenseKey', 'licenceKey'],
  ['LICENCE-KEY', 'licenceKey'],
  ['datadir', 'dataDir'],
  ['data_directory', null],
  ['x', null],
])('%s is nearest to %s', (word, nearest) => {
  expect(nearestOf(word, ['licenceKey', 'flynotesUrl', 'dataDir', 'database'])).toBe(nearest);
});
