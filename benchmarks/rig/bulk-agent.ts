/**
 * The agent's bulk upload as the agent puts it together, without the rest of a day's life, so that passes can be measured one by one:
 * `{"pass":"new"}` goes through R4 with nothing acknowledged yet, `{"pass":"again"}` with what the pass before left.
 *
 * `node bulk-agent.ts DATABASE FLYNOTES_URL`
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createFlynotesClient } from '../../packages/carestream-server/src/flynotes/index.ts';
import { createPracticeConnector } from '../../packages/carestream-server/src/practice/index.ts';
import type { Log } from '../../packages/carestream-server/src/runtime/index.ts';
import { createSystemClock } from '../../packages/carestream-server/src/runtime/system-clock.ts';
import { openState } from '../../packages/carestream-server/src/state/index.ts';
import {
  createBulkUploads,
  createKeyedDigester,
  createPatientPuts,
} from '../../packages/carestream-server/src/upload/index.ts';
import { answerCommands } from './commands.ts';

const [, , database = '', flynotesUrl = ''] = process.argv;
const never = new AbortController().signal;
const clock = createSystemClock();
const log: Log = {
  emit: () => undefined,
  error: (error) => void process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`),
};
await using practice = await createPracticeConnector({ clock, log }, { database }).open(never);
const flynotes = createFlynotesClient({ clock }, { baseUrl: flynotesUrl, licenceKey: 'licence-key-of-the-benchmarks' });
const licence = await flynotes.licence(
  {
    nonce: 'nonce-of-the-benchmarks',
    version: '0.0.0',
    hostVersion: null,
    platform: process.platform,
    canonicalVersions: [1],
    stateSchema: 1,
  },
  never,
);
const digester = createKeyedDigester(licence.digest);
const folders: string[] = [];

const open = () => {
  const folder = mkdtempSync(join(tmpdir(), 'carestream-bench-'));
  folders.push(folder);
  const state = openState(join(folder, 'agent.db'), { clock });
  const bulk = createBulkUploads({
    practice: () => practice,
    flynotes,
    state,
    clock,
    log,
    digester,
    puts: createPatientPuts(clock),
    timeZone: licence.practice.timeZone,
  });
  return { state, bulk };
};
let parts = open();

await answerCommands({ ready: true, columns: 0 }, async ({ pass }) => {
  if (pass === 'new') {
    parts.state.close();
    parts = open();
  }
  const startedMs = performance.now();
  const startedCpu = process.cpuUsage();
  const bytesBefore = flynotes.sentBytes();
  // Somebody waits: a pass that was asked for is not paced.
  const figures = await parts.bulk.request('requested', never);
  const { user, system } = process.cpuUsage(startedCpu);
  return {
    elapsedMs: performance.now() - startedMs,
    cpuMs: (user + system) / 1000,
    sentBytes: flynotes.sentBytes() - bytesBefore,
    rows: figures.rows,
    patients: figures.patients,
    sent: figures.sent,
    peakMb: process.resourceUsage().maxRSS / 1024,
  };
});
parts.state.close();
for (const folder of folders) rmSync(folder, { recursive: true, force: true });
