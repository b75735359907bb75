import { createFlynotesServer, type FlynotesServer } from '@flynotes/flynotes-server';
import { seededRandom } from '@flynotes/testkit';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createUploadWireRig } from './upload-wire-rig.ts';

const seed = Number(process.env['SEED'] ?? 20_261_124);

/** One server for all; each test is a practice of its own. */
let server: FlynotesServer;

beforeAll(async () => {
  server = await createFlynotesServer({ operatorToken: 'operator-token-of-the-tests' });
});
afterAll(() => server.close());

test.each([
  { desks: 1, passes: 5, own: seed },
  { desks: 2, passes: 5, own: seed + 1 },
  { desks: 4, passes: 2, own: seed + 2 },
])(
  'changed and synced without a pause at $desks desks, the pass ends with a proof all the same (SEED=$own)',
  async ({ desks, passes, own }) => {
    await using rig = await createUploadWireRig(server, { patients: 600, pageRows: 200 });
    const { patients } = await rig.pass();
    const codes = await rig.heldCodes();
    const random = seededRandom(own);
    const surnames = new Map<number, string>();
    const closing = new AbortController();
    let comparisons = 0;
    rig.between.client.completePass = (...request) => {
      comparisons += 1;
      return rig.client.completePass(...request);
    };
    const desk = async (number: number): Promise<number> => {
      let synced = 0;
      for (; !closing.signal.aborted; synced++) {
        // Each desk has patients of its own, so that it is known who typed last.
        const code = codes[random(Math.floor(codes.length / desks)) * desks + number] ?? 0;
        surnames.set(code, `Desk ${number} for the ${synced}th`);
        rig.type(`UPDATE Patients SET Surname = '${surnames.get(code)}' WHERE PatientCode = ${code}`);
        expect(await rig.sync(code)).toMatchObject({ outcome: 'done' });
      }
      return synced;
    };
    const busy = Promise.all(Array.from({ length: desks }, (_, number) => desk(number)));
    const all = [];
    try {
      // One pass may happen to end between two patients.
      for (let n = 0; n < passes; n++) all.push(await rig.pass());
    } finally {
      closing.abort();
      await busy;
    }
    const synced = (await busy).reduce((sum, one) => sum + one, 0);
    for (const pass of all) expect(pass).toMatchObject({ outcome: 'equal', patients, rounds: 0, retold: 0 });
    process.stdout.write(
      `${synced} synced at ${desks} desks, ${comparisons} comparisons in ${passes} passes (SEED=${own})\n`,
    );
    for (const [code, surname] of surnames) expect(await rig.basicsOf(code)).toMatchObject({ surname });
    expect(await rig.pass()).toMatchObject({ outcome: 'equal', sent: 0, rounds: 0 });
  },
);
