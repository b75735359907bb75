import { setTimeout as sleep } from 'node:timers/promises';
import { seededRandom, timesOf } from '@flynotes/testkit';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createRig, eventually, type Rig } from '../end-to-end/rig.ts';
import { startWire, type Wire } from './wire.ts';

/** `npm test` is modest; the long run has the full counts. */
const passes = timesOf(10, 50);
const patients = timesOf(5_000, 20_000);
const seed = Number(process.env['SEED'] ?? 20_261_123);

let rig: Rig;
let wire: Wire;
/** A practice that was uploaded in peace: what each of the others must come to. */
let peaceful: { id: string; events: number };

/** A new practice on the same R4, and how to start its agent. */
async function newPractice(name: string) {
  const { practice, licenceKey } = await rig.flynotes.practices.create({ name, timeZone: 'Europe/London' });
  const config = rig.config({ licenceKey, flynotesUrl: wire.url });
  return { id: practice.id, start: () => rig.startAgent(config) };
}

const query = <Row>(sql: string, ...values: string[]) => rig.flynotes.database.query<Row>(sql, values);

/** Waits for a pass that ended equal after an instant. */
const equalPass = (id: string, since: string) =>
  eventually(
    'an equal pass',
    async () =>
      (
        await query<{ patients: number; figures: { refusedByAgent: Record<string, number> } }>(
          `select patients, figures from passes where practice_id = $1 and status = 'equal' and ended_at > $2::timestamptz`,
          id,
          since,
        )
      )[0],
    180_000,
  );

beforeAll(async () => {
  rig = await createRig({ patients, seed: 11 });
  wire = await startWire(rig.flynotes.url);
  const practice = await newPractice('In peace');
  wire.startCounting();
  const agent = practice.start();
  const { patients: held, figures } = await equalPass(practice.id, new Date(0).toISOString());
  peaceful = { id: practice.id, events: wire.events() };
  agent.signal('SIGKILL');
  await agent.ended;
  const refused = Object.values(figures.refusedByAgent).reduce((sum, count) => sum + count, 0);
  expect(held + refused).toBe(patients);
  expect(wire.sent.size).toBe(held);
  expect(Math.max(...wire.sent.values())).toBe(1);
}, 300_000);

afterAll(async () => {
  await wire[Symbol.asyncDispose]();
  await rig[Symbol.asyncDispose]();
});

test.each(Array.from({ length: passes }, (_, index) => seed + index))(
  `a pass of ${patients} patients, killed and gone on with: equal to R4, nobody sent more than twice (SEED=%i)`,
  async (own) => {
    const random = seededRandom(own);
    const [event, delayMs] = [1 + random(peaceful.events), random(80)];
    const practice = await newPractice(`Killed ${own}`);
    wire.startCounting();
    const agent = practice.start();
    wire.onEvent = () => {
      if (wire.events() === event) setTimeout(() => agent.signal('SIGKILL'), delayMs);
    };
    const late = setTimeout(() => agent.signal('SIGKILL'), 60_000);
    expect(await agent.ended).toBeNull();
    clearTimeout(late);
    wire.onEvent = () => undefined;
    // What was under way when it died is still answered, to nobody.
    await sleep(150);

    const restartedAt = new Date().toISOString();
    const second = practice.start();
    await equalPass(practice.id, restartedAt);
    second.signal('SIGKILL');
    await second.ended;

    const told = `killed ${delayMs} ms after event ${event} of ${peaceful.events}`;
    expect(Math.max(0, ...wire.sent.values()), told).toBeLessThanOrEqual(2);
    const [difference] = await query<{ count: number }>(
      `select count(*)::int as count from
         (select patient_code, basics from patients where practice_id = $1 and state = 'held') as one
         full join (select patient_code, basics from patients where practice_id = $2 and state = 'held') as other
         using (patient_code) where one.basics is distinct from other.basics`,
      practice.id,
      peaceful.id,
    );
    expect(difference?.count, told).toBe(0);
    // One pass, or the next one where the first had just ended; none failed, none was left behind.
    const ended = await query<{ status: string }>('select status from passes where practice_id = $1', practice.id);
    expect(ended.every(({ status }) => status === 'equal') && ended.length <= 2, told).toBe(true);
  },
  300_000,
);
