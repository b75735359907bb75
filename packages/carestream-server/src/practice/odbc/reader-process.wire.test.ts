import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { spawn } from 'node:child_process';
import { createR4Server, type R4ServerOptions } from '@flynotes/sandbox/r4-server';
import { createVirtualClock, type VirtualClock } from '@flynotes/testkit';
import { describe, expect, test } from 'vitest';
import { isAgentError } from '../../runtime/index.ts';
import { allPages, createPracticeRig } from '../practice-rig.ts';
import { freeTdsString, odbcMissing } from './odbc-rig.ts';

const missing = odbcMissing();
const suite = missing === undefined ? 'the reader process' : `the reader process: NOT RUN, missing is ${missing}`;
const signal = new AbortController().signal;
const ofPatients = /FROM \[dbo\]\.\[Patients\]/;

const startRig = async (options: R4ServerOptions = {}, clock?: VirtualClock) => {
  const server = await createR4Server({ patients: 300, seed: 7, ...options });
  const database = freeTdsString(server.connectionString());
  return createPracticeRig({ ...server, connectionString: () => database }, clock);
};
/** Of a virtual clock, so that no limit is met by a machine that is merely slow. */
const longerThanAnyLimitMs = 120_000;

/** Process ids of the readers that a process has forked. */
function readersOf(parent: number): number[] {
  return readdirSync('/proc').flatMap((name) => {
    try {
      const status = readFileSync(`/proc/${name}/status`, 'utf8');
      const command = readFileSync(`/proc/${name}/cmdline`, 'utf8');
      return status.includes(`\nPPid:\t${parent}\n`) && command.includes('reader-main') ? [Number(name)] : [];
    } catch {
      return [];
    }
  });
}

const isAlive = (pid: number): boolean => {
  try {
    return readlinkSync(`/proc/${pid}/exe`) !== '';
  } catch {
    return false;
  }
};

const codeOf = async (work: Promise<unknown>): Promise<string> => {
  const error = await work.catch((reason: unknown) => reason);
  return isAgentError(error) ? error.code : 'none';
};

describe.runIf(missing === undefined && process.platform === 'linux')(suite, () => {
  test('two readers, one for each connection; both end with the practice', async () => {
    await using rig = await startRig();
    let readers: number[] = [];
    {
      await using reader = await rig.open();
      await reader.ping(signal);
      readers = readersOf(process.pid);
      expect(readers).toHaveLength(2);
    }
    await expect.poll(() => readers.filter(isAlive)).toEqual([]);
    await expect.poll(() => rig.server.connections()).toBe(0);
  });

  test('nothing of the connection string stands on a command line or in the environment', async () => {
    await using rig = await startRig();
    await using reader = await rig.open();
    await reader.ping(signal);
    for (const pid of readersOf(process.pid))
      for (const file of ['cmdline', 'environ'])
        expect(readFileSync(`/proc/${pid}/${file}`, 'utf8')).not.toContain('reader-password');
  });

  // Word of its death may come after the next query was given to it; that one is asked again.
  test('kill -9 while idle: nobody notices', async () => {
    await using rig = await startRig();
    await using reader = await rig.open();
    for (const pid of readersOf(process.pid)) process.kill(pid, 'SIGKILL');
    await expect.poll(() => readersOf(process.pid).filter(isAlive)).toEqual([]);
    expect((await reader.readPatient(1_000_005, signal))?.basics.patientCode).toBe(1_000_005);
    expect((await reader.readBasicsPage(null, 10, signal)).rows).toHaveLength(10);
  });

  test('kill -9 amidst a page costs one try; nothing is missing, nothing comes twice', async () => {
    await using rig = await startRig();
    await using reader = await rig.open();
    // Each of these statements has arrived and is not answered: the reader waits for it when it is killed.
    let kills = 0;
    const killing = (async () => {
      for (let round = 1; round <= 3; round += 1) {
        rig.server.faults.add({ kind: 'black-hole', at: 'statement', matching: ofPatients, times: 1 });
        await expect.poll(() => rig.server.faults.fired('black-hole')).toBe(round);
        for (const pid of readersOf(process.pid)) process.kill(pid, 'SIGKILL');
        kills += 1;
      }
    })();
    const codes = (await allPages(reader, 20)).flatMap((page) => page.rows.map((row) => row.patientCode));
    await killing;
    expect(kills).toBe(3);
    expect(codes).toHaveLength(300);
    expect(new Set(codes).size).toBe(300);
  });

  test('a reader that dies each time: its own code once the tries are used up, and all is well afterwards', async () => {
    await using rig = await startRig();
    await using reader = await rig.open({ tries: 2 });
    rig.server.faults.add({ kind: 'black-hole', at: 'statement', matching: ofPatients, times: 2 });
    const killer = setInterval(() => {
      for (const pid of readersOf(process.pid)) process.kill(pid, 'SIGKILL');
    }, 60);
    const page = codeOf(reader.readBasicsPage(null, 10, signal));
    expect(await page).toBe('PRACTICE_READER_ENDED');
    clearInterval(killer);
    rig.server.faults.clear();
    expect((await reader.readBasicsPage(null, 10, signal)).rows).toHaveLength(10);
  });

  test('a hung native call is ended by the watchdog, and its process with it; a patient is read meanwhile', async () => {
    const clock = createVirtualClock();
    await using rig = await startRig({}, clock);
    await using reader = await rig.open();
    const before = readersOf(process.pid);
    rig.server.faults.add({ kind: 'black-hole', at: 'statement', matching: /TOP \(/, times: 1 });
    const page = codeOf(reader.readBasicsPage(null, 100, signal));
    await expect.poll(() => rig.server.faults.fired('black-hole')).toBe(1);
    expect((await reader.readPatient(1_000_005, signal))?.basics.patientCode).toBe(1_000_005);
    await clock.advance(longerThanAnyLimitMs);
    expect(await page).toBe('PRACTICE_TIMEOUT');
    await expect.poll(() => before.filter(isAlive)).toHaveLength(1);
    expect((await reader.readBasicsPage(null, 100, signal)).rows).toHaveLength(100);
  });

  test('a reader stopped dead (SIGSTOP) is ended by the watchdog too', async () => {
    const clock = createVirtualClock();
    await using rig = await startRig({}, clock);
    await using reader = await rig.open();
    const stopped = readersOf(process.pid);
    for (const pid of stopped) process.kill(pid, 'SIGSTOP');
    const calls = [codeOf(reader.readPatient(1_000_005, signal)), codeOf(reader.readBasicsPage(null, 10, signal))];
    await clock.advance(longerThanAnyLimitMs);
    expect(await Promise.all(calls)).toEqual(['PRACTICE_TIMEOUT', 'PRACTICE_TIMEOUT']);
    await expect.poll(() => stopped.filter(isAlive)).toEqual([]);
    expect((await reader.readPatient(1_000_005, signal))?.basics.patientCode).toBe(1_000_005);
  });

  test('the readers end when the agent dies, also amidst a hung call', async () => {
    await using rig = await startRig();
    rig.server.faults.add({ kind: 'black-hole', at: 'statement', matching: /TOP \(/ });
    const script = `
      const { createPracticeRig } = await import(${JSON.stringify(new URL('../practice-rig.ts', import.meta.url).href)});
      const rig = createPracticeRig({ port: 0, connectionString: () => process.argv[1], close: async () => {} });
      const reader = await rig.open();
      process.stdout.write('open');
      await reader.readBasicsPage(null, 10, new AbortController().signal);`;
    const child = spawn(
      process.execPath,
      ['--conditions=@flynotes/source', '--input-type=module', '--eval', script, rig.server.connectionString()],
      { stdio: ['ignore', 'pipe', 'inherit'] },
    );
    await new Promise((resolve) => child.stdout.once('data', resolve));
    const readers = readersOf(child.pid!);
    expect(readers).toHaveLength(2);
    child.kill('SIGKILL');
    await expect.poll(() => readers.filter(isAlive), { timeout: 10_000 }).toEqual([]);
    await expect.poll(() => rig.server.connections()).toBe(0);
  });
});
