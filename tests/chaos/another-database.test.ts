import { createR4Server } from '@flynotes/sandbox/r4-server';
import { expect, test } from 'vitest';
import { createRig, eventually } from '../end-to-end/rig.ts';
import { startWire } from './wire.ts';

const patients = 6_000;

test('killed, and started again with another practice’s database: nobody of the first one is left, and nobody is missing', async () => {
  await using rig = await createRig({ patients, seed: 11 });
  await using other = await createR4Server({ patients, seed: 12 });
  await using wire = await startWire(rig.flynotes.url);
  const query = <Row>(sql: string, ...values: string[]) => rig.flynotes.database.query<Row>(sql, values);
  const newPractice = async (name: string) => {
    const { practice, licenceKey } = await rig.flynotes.practices.create({ name, timeZone: 'Europe/London' });
    return { id: practice.id, config: rig.config({ licenceKey, flynotesUrl: wire.url }) };
  };
  const uploaded = async (id: string, config: Record<string, unknown>) => {
    const agent = rig.startAgent({ ...config, database: other.connectionString() });
    await eventually(
      'an equal pass',
      async () => (await query(`select 1 from passes where practice_id = $1 and status = 'equal'`, id)).length > 0,
      60_000,
    );
    agent.signal('SIGKILL');
    await agent.ended;
  };
  const moved = await newPractice('Moved');
  const first = rig.startAgent(moved.config);
  let batches = 0;
  wire.onEvent = (path) => {
    // Three batches have been acknowledged, and with them the first page of 2,000.
    if (path.endsWith('/batches') && ++batches === 4) first.signal('SIGKILL');
  };
  expect(await first.ended).toBeNull();
  wire.onEvent = () => undefined;
  await uploaded(moved.id, moved.config);
  const calm = await newPractice('In peace');
  await uploaded(calm.id, calm.config);
  const [difference] = await query<{ held: number; different: number }>(
    `select count(*)::int as held, count(*) filter (where one.basics is distinct from other.basics)::int as different from
       (select patient_code, basics from patients where practice_id = $1 and state = 'held') as one
       full join (select patient_code, basics from patients where practice_id = $2 and state = 'held') as other
       using (patient_code)`,
    moved.id,
    calm.id,
  );
  expect(difference?.held).toBeGreaterThan(patients * 0.9);
  expect(difference?.different).toBe(0);
}, 180_000);
