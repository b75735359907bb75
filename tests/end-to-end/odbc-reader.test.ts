import { readdirSync, readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { freeTdsString, odbcMissing } from '../../packages/carestream-server/src/practice/odbc/odbc-rig.ts';
import { createRig, eventually, type AgentProcess, type Rig } from './rig.ts';

/** The process that holds the ODBC driver dies, or stops dead, while a clinician waits for a patient. */

const missing = odbcMissing();
const linux = process.platform === 'linux';
const notRun = !linux || missing !== undefined;
const title = notRun ? ` (NOT RUN, missing is ${missing ?? 'Linux'})` : '';
let rig: Rig;
let agent: AgentProcess;

beforeAll(async () => {
  if (notRun) return;
  rig = await createRig({ patients: 60 });
  agent = rig.startAgent(rig.config({ database: freeTdsString(rig.r4.connectionString()) }));
  await eventually('an equal pass', () => rig.reports('pass.completed')[0], 90_000);
}, 120_000);
afterAll(() => rig?.[Symbol.asyncDispose]());

/** Process ids of the agent's readers. */
const readers = (): number[] =>
  readdirSync('/proc').flatMap((name) => {
    try {
      const status = readFileSync(`/proc/${name}/status`, 'utf8');
      const command = readFileSync(`/proc/${name}/cmdline`, 'utf8');
      return status.includes(`\nPPid:\t${agent.pid}\n`) && command.includes('reader-main') ? [Number(name)] : [];
    } catch {
      return [];
    }
  });

test.skipIf(notRun).each([
  ['SIGKILL', 1_000_005],
  ['SIGSTOP', 1_000_006],
] as const)(
  `%s amidst a patient-sync: the patient arrives all the same, and the agent lives${title}`,
  async (signal, patientCode) => {
    const before = readers();
    // The one of the passes begins anew with the next pass.
    expect(before.length).toBeGreaterThan(0);
    // The patient's statement has arrived and is not answered: the reader waits for it.
    const fired = rig.r4.faults.fired('black-hole');
    rig.r4.faults.add({ kind: 'black-hole', at: 'statement', matching: /AS c WHERE c\./, times: 1 });
    const messageId = await rig.operator.send({ type: 'patient-sync', patientCode });
    await eventually('the statement', () => rig.r4.faults.fired('black-hole') > fired);
    for (const pid of before) process.kill(pid, signal);
    const result = await eventually(
      'an effect',
      async () => {
        const told = await rig.operator.result(messageId);
        return told?.outcome === 'done' ? told : null;
      },
      120_000,
    );
    expect(result).toMatchObject({ outcome: 'done' });
    expect((await rig.operator.patient(patientCode))?.fullRecord).not.toBeNull();
    // Whoever was stopped dead is gone for good; others read now.
    await eventually('new readers', () => readers().some((pid) => !before.includes(pid)));
    process.kill(agent.pid, 0);
    // And the next one is read as ever.
    const next = await rig.operator.send({ type: 'patient-sync', patientCode: 1_000_010 });
    await eventually('the next patient', async () => (await rig.operator.result(next))?.outcome === 'done');
    expect(agent.words()).toBe('');
  },
  200_000,
);
