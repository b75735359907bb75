import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, describe, expect, test } from 'vitest';
import { createSystemClock } from '../../runtime/system-clock.ts';
import { loadNativeDriver } from './native-driver.ts';
import { createOdbcDriver } from './odbc-driver.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'carestream-native-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
/** A place from where Node finds a `msnodesqlv8` that does this when it is loaded; without code, none. */
function place(name: string, code?: string): string {
  const package_ = path.join(folder, name, 'node_modules/msnodesqlv8');
  mkdirSync(code === undefined ? path.join(folder, name) : package_, { recursive: true });
  if (code !== undefined) writeFileSync(path.join(package_, 'index.js'), code);
  return pathToFileURL(path.join(folder, name, 'nowhere.mjs')).href;
}

const failing = (code: string, message: string): string =>
  `throw Object.assign(new Error(${JSON.stringify(message)}), { code: ${JSON.stringify(code)} });`;

describe('the native driver', () => {
  test('without a folder for native parts it is the installed package', async () => {
    const loaded = await loadNativeDriver({}, place('whole', 'exports.open = () => "opened";'));
    expect('driver' in loaded && loaded.driver.open({ conn_str: '', conn_timeout: 1 }, () => undefined)).toBe('opened');
  });

  test.each([
    ['nothing is there', undefined, 'package-missing'],
    [
      'without the ODBC library',
      failing('ERR_DLOPEN_FAILED', 'libodbc.so.2: cannot open shared object file'),
      'odbc-library-missing',
    ],
    ['built for another machine', failing('ERR_DLOPEN_FAILED', 'wrong ELF class'), 'load-failed'],
    ['without its native half', failing('X', 'No native build was found for platform=linux arch=x64'), 'load-failed'],
  ])('%s', async (name, code, fault) => {
    const from = place(name.replaceAll(' ', '-'), code);
    // A folder without the driver in it is as good as none.
    expect(await loadNativeDriver({ CARESTREAM_NATIVE_DIR: folder }, from)).toEqual({ fault });
    expect(await loadNativeDriver({}, from)).toEqual({ fault });
  });
});

describe('a reader that cannot work', () => {
  const openWith = async (code: string): Promise<unknown> => {
    const program = path.join(folder, `reader-${String(code.length)}.cjs`);
    writeFileSync(program, code);
    const driver = createOdbcDriver(
      { clock: createSystemClock() },
      {
        target: { driver: 'odbc', connectionString: 'Driver={x};PWD=secret', host: 'R4', encrypted: true },
        connectTimeoutMs: 500,
        program,
      },
    );
    const failure = await driver.open(new AbortController().signal).catch((error: unknown) => error);
    const { pauseMs } = driver;
    await driver.close();
    expect(String(failure)).not.toContain('secret');
    return { failure, pauseMs };
  };

  test('for want of its native driver: what to install is said', async () => {
    expect(await openWith('process.send({ kind: "unusable", reason: "odbc-library-missing" });')).toMatchObject({
      failure: { code: 'PRACTICE_DRIVER_MISSING', details: { reason: 'odbc-library-missing' } },
    });
  });

  test.each([
    ['ends at once', 'process.exit(3);'],
    ['throws', 'throw new Error("no");   '],
    ['crashes', 'process.abort();'],
    ['ends when it is asked', 'process.send({ kind: "ready" }); process.on("message", () => process.exit(1));'],
  ])('%s: the next one is started after a pause', async (_, code) => {
    const { failure, pauseMs } = (await openWith(code)) as { failure: unknown; pauseMs: number };
    expect(failure).toMatchObject({ code: 'PRACTICE_READER_ENDED' });
    expect(pauseMs).toBeGreaterThan(0);
  });

  test('never answers: left by the watchdog', async () => {
    expect(
      await openWith('process.send({ kind: "ready" }); process.on("message", () => { for (;;); });'),
    ).toMatchObject({
      failure: { code: 'PRACTICE_NO_ANSWER', details: { reason: 'watchdog' } },
    });
  });

  test('the pauses grow while it keeps ending, up to a limit', async () => {
    const program = path.join(folder, 'ends.cjs');
    writeFileSync(program, 'process.exit(3);');
    const driver = createOdbcDriver(
      { clock: createSystemClock() },
      {
        target: { driver: 'odbc', connectionString: 'Driver={x}', host: 'R4', encrypted: true },
        connectTimeoutMs: 500,
        program,
      },
    );
    const pauses: number[] = [];
    for (let round = 0; round < 4; round += 1) {
      await driver.open(new AbortController().signal).catch(() => undefined);
      pauses.push(driver.pauseMs);
    }
    expect(pauses[0]).toBeLessThanOrEqual(100);
    expect(pauses[3]).toBeGreaterThan((pauses[0] ?? 0) * 4);
    await driver.close();
  });
});
