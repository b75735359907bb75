import { expect, test } from 'vitest';
import { AgentError } from '../runtime/index.ts';
import { createUploadRig, neverAborted, type UploadRig } from './upload-rig.ts';

const request = (rig: UploadRig) => rig.bulk.request('scheduled', neverAborted);

/** Flynotes answers one kind of call with this status, `times` times. */
function failing(rig: UploadRig, name: string, { status, times }: { status: number; times: number }): () => number {
  let failures = 0;
  rig.flynotes.hook = (call, when) => {
    if (call.name !== name || when !== 'before' || failures >= times) return;
    failures += 1;
    throw new AgentError('FLYNOTES_UNAVAILABLE', { details: { status }, disposition: 'ambiguous' });
  };
  return () => failures;
}

function fill(rig: UploadRig, count: number): void {
  for (let code = 1; code <= count; code++) rig.practice.enter(code);
}

test('a batch on which Flynotes fails inside each time fails the pass, while patients are synced; a later pass mends it', async () => {
  using rig = createUploadRig();
  fill(rig, 2_500);
  const failures = failing(rig, 'sendBatch', { status: 500, times: Infinity });
  const startedMs = rig.clock.monotonic();
  const running = request(rig);
  running.catch(() => undefined);
  await rig.clock.advance(120_000);
  expect(rig.bulk.current()).toMatchObject({ outcome: 'running' });
  expect(await rig.clock.runUntil(rig.patients.sync({ patientCode: 9 }, neverAborted))).toMatchObject({
    outcome: 'done',
  });
  await expect(rig.clock.runUntil(running)).rejects.toMatchObject({ code: 'FLYNOTES_KEEPS_FAILING' });
  expect(failures()).toBe(14);
  expect(rig.clock.monotonic() - startedMs).toBeLessThan(15 * 60_000);
  expect(rig.events.at(-1)).toMatchObject({ name: 'pass.failed', fields: { code: 'FLYNOTES_KEEPS_FAILING' } });
  // The heartbeat brings the last pass.
  expect(rig.bulk.last()).toMatchObject({ outcome: 'failed', code: 'FLYNOTES_KEEPS_FAILING' });
  rig.flynotes.hook = () => undefined;
  expect(await rig.clock.runUntil(request(rig))).toMatchObject({ outcome: 'equal', patients: 2_500 });
  expect(rig.atFlynotes()).toEqual(rig.inR4());
});

test.each(['beginPass', 'completePass'])('so does failing inside on %s', async (name) => {
  using rig = createUploadRig();
  fill(rig, 10);
  failing(rig, name, { status: 500, times: Infinity });
  await expect(rig.clock.runUntil(request(rig))).rejects.toMatchObject({ code: 'FLYNOTES_KEEPS_FAILING' });
});

test.each([
  ['buckets.0', Infinity, false],
  ['whole', 100, true],
])('answers that are none of the contract, at %s: only those of Flynotes itself fail the pass', async (...given) => {
  const [fields, times, passes] = given;
  using rig = createUploadRig();
  fill(rig, 10);
  let answers = 0;
  rig.flynotes.hook = ({ name }, when) => {
    if (name !== 'completePass' || when !== 'before' || ++answers > times) return;
    throw new AgentError('FLYNOTES_ANSWER_INVALID', { details: { fields } });
  };
  const ended = rig.clock.runUntil(request(rig));
  if (passes) expect(await ended).toMatchObject({ outcome: 'equal', patients: 10 });
  else await expect(ended).rejects.toMatchObject({ code: 'FLYNOTES_KEEPS_FAILING' });
});

test.each([502, 503, 504, 429])(
  'away is not failing: %i for a day is waited out, with growing pauses',
  async (status) => {
    using rig = createUploadRig();
    fill(rig, 10);
    failing(rig, 'sendBatch', { status, times: 1_000 });
    const startedMs = rig.clock.monotonic();
    expect(await rig.clock.runUntil(request(rig))).toMatchObject({ outcome: 'equal', patients: 10 });
    expect(rig.clock.monotonic() - startedMs).toBeGreaterThan(500 * 60_000);
  },
);

test('failing now and then does not add up', async () => {
  using rig = createUploadRig({ pace: { pageRows: 500 } });
  fill(rig, 5_000);
  let calls = 0;
  rig.flynotes.hook = ({ name }, when) => {
    // Thirteen failures before each batch that succeeds.
    if (name === 'sendBatch' && when === 'before' && ++calls % 14 !== 0) {
      throw new AgentError('FLYNOTES_UNAVAILABLE', { details: { status: 500 }, disposition: 'ambiguous' });
    }
  };
  expect(await rig.clock.runUntil(request(rig))).toMatchObject({ outcome: 'equal', patients: 5_000 });
});

test('what was refused is sent once more to a server of another version, and no more often', async () => {
  using rig = createUploadRig();
  fill(rig, 20);
  rig.flynotes.refuse.set(4, 'RECORD_INVALID');
  let server = '1.0.0';
  Object.assign(rig.deps, { refusalJudge: () => server });
  expect(await rig.clock.runUntil(request(rig))).toMatchObject({ sent: 20, refusedByServer: { RECORD_INVALID: 1 } });
  expect(await rig.clock.runUntil(request(rig))).toMatchObject({ sent: 0, refusedByServer: { RECORD_INVALID: 1 } });
  server = '1.0.1';
  expect(await rig.clock.runUntil(request(rig))).toMatchObject({ sent: 1, refusedByServer: { RECORD_INVALID: 1 } });
  expect(await rig.clock.runUntil(request(rig))).toMatchObject({ sent: 0 });
  rig.restart();
  Object.assign(rig.deps, { refusalJudge: () => server });
  expect(await rig.clock.runUntil(request(rig))).toMatchObject({ sent: 0 });
  server = '1.1.0';
  rig.flynotes.refuse.clear();
  expect(await rig.clock.runUntil(request(rig))).toMatchObject({
    sent: 1,
    changed: 1,
    refusedByServer: {},
    patients: 20,
  });
});
