import { rmSync } from 'node:fs';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createRig, eventually, type Rig } from './rig.ts';

/** What Flynotes says in the licence answer, and what it makes the agent do. */
let rig: Rig;

beforeEach(async () => {
  rig = await createRig({ patients: 150 });
});
afterEach(() => rig[Symbol.asyncDispose]());

interface Held {
  readonly state: string;
  readonly basics: { readonly surname?: string; readonly forename?: string } | null;
  readonly sequence: number;
}

const heldOf = async (patientCode: number): Promise<Held | null> =>
  (
    await rig.flynotes.database.query<Held>(
      'select state, basics, read_sequence::float8 as sequence from patients where patient_code = $1',
      [patientCode],
    )
  )[0] ?? null;

test('state lost on a machine whose clock stands behind: what changes in R4 is newer all the same', async () => {
  const config = rig.config();
  const agent = rig.startAgent(config);
  const patientCode = await eventually('a patient', async () => {
    const [row] = await rig.flynotes.database.query<{ code: number }>(
      `select patient_code as code from patients where state = 'held' order by 1 limit 1`,
    );
    return row?.code;
  });
  await eventually('an equal pass', () => rig.reports('pass.completed')[0]);
  agent.signal('SIGKILL');
  await agent.ended;

  // All that was sent bears numbers of a clock that ran a year ahead; now it is right again, and the data folder is gone.
  const aheadUs = (Date.now() + 365 * 86_400_000) * 1_000;
  await rig.flynotes.database.query('update patients set read_sequence = read_sequence - $1::bigint + $2::bigint', [
    Date.now() * 1_000,
    aheadUs,
  ]);
  const highest = Math.max(
    ...(
      await rig.flynotes.database.query<{ sequence: number }>('select read_sequence::float8 as sequence from patients')
    ).map(({ sequence }) => sequence),
  );
  rmSync(String(config['dataDir']), { recursive: true });
  type(`UPDATE Patients SET Surname = 'Afterwards' WHERE PatientCode = ${patientCode}`);

  rig.startAgent(config);
  await eventually('the change', async () => (await heldOf(patientCode))?.basics?.surname === 'Afterwards');
  expect((await heldOf(patientCode))?.sequence).toBeGreaterThan(highest);
  await eventually('the second equal pass', () => rig.reports('pass.completed')[1]);
  expect(rig.reports('pass.failed')).toEqual([]);
});

test('a practice whose tables nobody foresaw is read by the names that Flynotes gives', async () => {
  const builder = rig.r4.engine.createDatabase('odd');
  const text = { name: 'varchar', length: 60 } as const;
  const columns = { Nummer: { name: 'int' } as const, Rufname: text, Nachname: text };
  builder.defineTable({
    name: 'Kartei',
    kind: 'table',
    columns: Object.entries(columns).map(([name, type]) => ({ name, type, nullable: name !== 'Nummer' })),
    primaryKey: ['Nummer'],
  });
  builder.insert('Kartei', [
    [7, 'Odd', 'Seven'],
    [8, 'Odd', 'Eight'],
  ]);
  const config = rig.config({ database: rig.r4.connectionString().replace('sys2000', 'odd') });
  const refused = rig.startAgent(config);
  expect(await refused.ended).toBe(20);
  expect(refused.words()).toContain('PRACTICE_SCHEMA_UNSUPPORTED');

  const overrides = { patient: { table: 'Kartei', patientCode: 'Nummer', forename: 'Rufname', surname: 'Nachname' } };
  await override(overrides);
  const agent = rig.startAgent({ ...config, times: { hourMs: 2_000 } });
  expect(await eventually('a patient', async () => (await heldOf(8))?.basics)).toMatchObject({
    forename: 'Odd',
    surname: 'Eight',
  });

  // Changed while the agent runs: it starts again to look at R4 anew.
  await override({ patient: { ...overrides.patient, forename: 'Nachname', surname: 'Rufname' } });
  expect(await agent.ended).toBe(10);
  rig.startAgent(config);
  await eventually('the other way round', async () => (await heldOf(8))?.basics?.forename === 'Eight');
});

async function override(overrides: Readonly<Record<string, unknown>>): Promise<void> {
  await rig.flynotes.database.query('update practices set schema_overrides = $1::text::jsonb', [
    JSON.stringify(overrides),
  ]);
}

/** Types something into R4, as reception does. */
function type(sql: string): void {
  const session = rig.r4.engine.login({
    user: 'reception',
    password: 'reception-password',
    database: 'sys2000',
    applicationName: 'R4',
    hostName: 'reception-1',
  });
  for (const _ of session.execute(sql, [])) void _;
}
