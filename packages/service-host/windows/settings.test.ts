import { describe, expect, test } from 'vitest';
import { mergeSettings } from './settings.ts';

const lines = (values: Readonly<Record<string, string>>): string =>
  Object.entries({ DATADIR: String.raw`C:\ProgramData\Flynotes\Agent`, ...values })
    .map(([name, value]) => `${name}=${value}\n`)
    .join('');
const good = { LICENCEKEY: 'flk_5c1d-secret-key', FLYNOTESURL: 'https://flynotes.example.com' };
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

function configOf(given: Readonly<Record<string, string>>, existing: Uint8Array | null = null): unknown {
  const settings = mergeSettings(lines(given), existing);
  if ('fault' in settings) throw new Error(settings.fault);
  return JSON.parse(settings.text);
}

describe('a first installation', () => {
  test('writes what was given, and nothing that was not', () => {
    expect(configOf({ ...good, ROLLBARTOKEN: '', R4DATABASE: '' })).toEqual({
      licenceKey: good.LICENCEKEY,
      flynotesUrl: good.FLYNOTESURL,
      dataDir: String.raw`C:\ProgramData\Flynotes\Agent`,
    });
  });

  test.each([
    String.raw`Server=R4\SQL2008;Database=sys2000;Uid=reader;Pwd=a"b\c'd=e;f`,
    'Driver={ODBC Driver 17 for SQL Server};Server=R4;Pwd={}}ä€😀}',
    '{"looks": "like JSON"}',
  ])('a connection string stays as it is: %s', (text) => {
    expect(configOf({ ...good, R4DATABASE: text })).toMatchObject({ database: text });
  });

  test.each([
    [{}, /LICENCEKEY is missing/],
    [{ LICENCEKEY: good.LICENCEKEY }, /FLYNOTESURL is missing/],
    [{ ...good, LICENCEKEY: 'short' }, /LICENCEKEY must be 8 to 200/],
    [{ ...good, LICENCEKEY: 'two words in it' }, /LICENCEKEY must be 8 to 200/],
    [{ ...good, FLYNOTESURL: 'flynotes.example.com' }, /FLYNOTESURL must be/],
    [{ ...good, FLYNOTESURL: 'http://flynotes.example.com' }, /FLYNOTESURL must be/],
    [{ ...good, FLYNOTESURL: 'https://user:pw@flynotes.example.com' }, /FLYNOTESURL must be/],
    [{ ...good, FLYNOTESURL: 'http://127.0.0.1.example.com' }, /FLYNOTESURL must be/],
    [{ ...good, ROLLBARTOKEN: 'a b' }, /ROLLBARTOKEN must be/],
    [{ ...good, DATADIR: '' }, /no data folder/],
  ])('%j is refused', (given, told) => {
    const settings = mergeSettings(lines(given), null);
    expect(settings).toHaveProperty('fault');
    const { fault } = settings as { fault: string };
    expect(fault).toMatch(told);
    // The installer's log holds it.
    expect(fault).not.toContain('secret');
    expect(fault).not.toContain('pw@');
  });
});

describe('over an existing configuration', () => {
  const existing = {
    licenceKey: 'flk_old-key',
    flynotesUrl: 'https://old.example.com',
    proxy: 'http://proxy.example.com:3128',
    times: { hourMs: 5 },
    somethingNewer: [1],
  };

  test('what is given counts, everything else stays', () => {
    expect(configOf({ LICENCEKEY: good.LICENCEKEY }, bytes(JSON.stringify(existing)))).toEqual({
      ...existing,
      licenceKey: good.LICENCEKEY,
      dataDir: String.raw`C:\ProgramData\Flynotes\Agent`,
    });
  });

  test('without any property it stays as it is', () => {
    expect(configOf({}, bytes(JSON.stringify(existing)))).toMatchObject(existing);
  });

  test.each([
    ['with a byte order mark', bytes(`\u{feff}${JSON.stringify(existing)}`)],
    ['in UTF-16', new Uint8Array(Buffer.from(`\u{feff}${JSON.stringify(existing)}`, 'utf16le'))],
  ])('%s', (_name, present) => {
    expect(configOf({}, present)).toMatchObject(existing);
  });

  test.each(['{"dataDir": "C:\\Data"', '[1]', 'null', '', '\u{0}'])(
    'what is no JSON object is put aside: %j',
    (text) => {
      expect(mergeSettings(lines(good), bytes(text))).toMatchObject({ keptAside: true });
      // And takes its licence key along: the installer asks for one.
      expect(mergeSettings(lines({}), bytes(text))).toMatchObject({
        fault: expect.stringContaining('LICENCEKEY') as string,
      });
    },
  );
});
