import { timesOf } from '@flynotes/testkit';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openState } from './state.ts';

let folder: string;
let path: string;
let child: ChildProcess | null = null;
const clock = { now: () => Date.now() };

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'carestream-state-'));
  path = join(folder, 'agent.db');
});
afterEach(() => {
  child?.kill('SIGKILL');
  child = null;
  rmSync(folder, { recursive: true, force: true });
});

/** Another process that opens the state and then does something with it. */
function start(body: string): ChildProcess {
  const source = `
    import { openState } from ${JSON.stringify(new URL('state.ts', import.meta.url).href)};
    import { writeSync } from 'node:fs';
    const say = (line) => writeSync(1, line + '\\n');
    try {
      const state = openState(${JSON.stringify(path)}, { clock: { now: () => Date.now() }, limits: { lockWaitMs: 50 } });
      ${body}
    } catch (error) { say('failed ' + error.code); }`;
  return spawn(process.execPath, ['--conditions=@flynotes/source', '--input-type=module', '--eval', source], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
}

function linesOf(process: ChildProcess): AsyncIterable<string> {
  if (!process.stdout) throw new Error('no standard output');
  return createInterface({ input: process.stdout });
}

test('no acknowledged row is lost and no read sequence given twice, whenever the process is killed', async () => {
  const seed = Number(process.env['SEED'] ?? 4_711);
  let random = seed;
  const next = () => (random = (random * 48_271) % 2_147_483_647) / 2_147_483_647;
  let acknowledged = 0;
  const sequences: number[] = [];
  for (let round = 0; round < timesOf(5, 50); round++) {
    child = start(`
      for (let code = ${acknowledged} + 1; ; code++) {
        const readSequence = state.nextReadSequence();
        state.ledger.putAcknowledged([{ patientCode: code, digest: 'ab'.repeat(16), readSequence }]);
        say(code + ' ' + readSequence);
      }`);
    const killAfter = 20 + Math.floor(next() * 300);
    let lines = 0;
    for await (const line of linesOf(child)) {
      const [code, readSequence] = line.split(' ').map(Number);
      acknowledged = code ?? NaN;
      sequences.push(readSequence ?? NaN);
      if (++lines === killAfter) child.kill('SIGKILL');
    }
    using state = openState(path, { clock });
    expect(state.replaced, `seed ${seed}`).toBeNull();
    const held = state.ledger.codesAfter(0, 1_000_000).map(({ patientCode }) => patientCode);
    expect(held.length, `seed ${seed}`).toBeGreaterThanOrEqual(acknowledged);
    expect(held.slice(0, acknowledged), `seed ${seed}`).toEqual(Array.from({ length: acknowledged }, (_, i) => i + 1));
    sequences.push(state.nextReadSequence());
  }
  expect(sequences.length).toBeGreaterThan(100);
  expect(new Set(sequences).size, `seed ${seed}`).toBe(sequences.length);
  expect([...sequences].sort((a, b) => a - b)).toEqual(sequences);
});

test('another process is refused while one runs, and nothing has to be cleaned up after a kill', async () => {
  child = start(`say('open'); setInterval(() => {}, 1000);`);
  for await (const line of linesOf(child)) {
    expect(line).toBe('open');
    break;
  }
  expect(() => openState(path, { clock, limits: { lockWaitMs: 50 } })).toThrow(
    expect.objectContaining({ code: 'STATE_IN_USE' }),
  );
  child.kill('SIGKILL');
  await once(child, 'exit');
  using state = openState(path, { clock });
  const second = start(`say('open');`);
  const said: string[] = [];
  for await (const line of linesOf(second)) said.push(line);
  expect(said).toEqual(['failed STATE_IN_USE']);
  expect(state.ledger.count()).toBe(0);
});
