import { timesOf } from '@flynotes/testkit';
import { expect, test } from 'vitest';
import { AgentError, type ErrorDetails } from '../runtime/index.ts';
import { createUploadRig, neverAborted, type UploadRig } from './upload-rig.ts';

const seed = Number(process.env['SEED'] ?? 4_711);

/** A small generator (mulberry32), so that a run can be repeated by its seed. */
function createRandom(start: number): (below: number) => number {
  let state = start;
  return (below) => {
    state = (state + 0x6d_2b_79_f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296) * below);
  };
}

const mayPass = [
  'FLYNOTES_TIMEOUT',
  'FLYNOTES_UNREACHABLE',
  'FLYNOTES_UNAVAILABLE',
  'FLYNOTES_ANSWER_INVALID',
] as const;
const r4MayFail = ['PRACTICE_DEADLOCK', 'PRACTICE_LOCK_TIMEOUT', 'PRACTICE_CONNECTION_LOST'] as const;
const details: ErrorDetails = { reason: 'chaos' };

/** Someone at reception does something; or someone does something to what Flynotes holds. */
function meddle(rig: UploadRig, random: (below: number) => number): void {
  const code = 1 + random(400);
  switch (random(8)) {
    case 0:
      rig.practice.rows.delete(code);
      break;
    case 1:
      rig.practice.enter(code, { surname: ' ', forename: null });
      break;
    case 2:
      rig.flynotes.held.delete(code);
      break;
    case 3:
      if (random(2) === 0) rig.flynotes.refuse.set(code, 'RECORD_INVALID');
      else rig.flynotes.refuse.delete(code);
      break;
    case 4:
      // Nobody may wait for it; it must harm nothing.
      void rig.patients.sync({ patientCode: code }, neverAborted).catch(() => undefined);
      break;
    default:
      rig.practice.enter(code, { surname: `Surname ${random(1_000_000)}` });
  }
}

test.each(Array.from({ length: timesOf(12, 200) }, (_, index) => seed + index))(
  'whatever happens on the way, a quiet pass ends with both sides equal (SEED=%i)',
  async (runSeed) => {
    const random = createRandom(runSeed);
    using rig = createUploadRig({
      pace: { pageRows: 20 + random(100) },
      backoff: { firstMs: 1, mostMs: 10, jitter: 0 },
    });
    for (let code = 1; code <= 300; code++) rig.practice.enter(code);
    let troubles = 0;
    for (let life = 0; life < 6; life++) {
      const stop = new AbortController();
      const stopAfter = random(60);
      let steps = 0;
      const step = (): boolean => {
        if (++steps === stopAfter) stop.abort(new Error('killed'));
        if (random(3) === 0) meddle(rig, random);
        const trouble = random(8) === 0;
        if (trouble) troubles += 1;
        return trouble;
      };
      rig.flynotes.hook = () => {
        if (random(40) === 0) rig.flynotes.expirePass();
        if (step()) throw new AgentError(mayPass[random(mayPass.length)] ?? 'FLYNOTES_TIMEOUT', { details });
      };
      rig.practice.hook = () => {
        if (step()) throw new AgentError(r4MayFail[random(r4MayFail.length)] ?? 'PRACTICE_DEADLOCK', { details });
      };
      await rig.clock.runUntil(
        rig.bulk.request(random(2) === 0 ? 'scheduled' : 'requested', stop.signal).then(
          () => undefined,
          () => undefined,
        ),
      );
      rig.flynotes.hook = () => undefined;
      rig.practice.hook = () => undefined;
      // What was begun by patient-syncs ends, and the next life starts; now and then with nothing of what was known.
      await rig.clock.advance(60_000);
      rig.restart(random(5) === 0);
    }
    expect(troubles).toBeGreaterThan(0);
    // A scheduled one may go on where a life before ended, and leave to the next what changed below that meanwhile.
    expect(await rig.clock.runUntil(rig.bulk.request('scheduled', neverAborted))).toMatchObject({ outcome: 'equal' });
    const figures = await rig.clock.runUntil(rig.bulk.request('requested', neverAborted));
    expect(figures.outcome).toBe('equal');
    const valid = [...rig.inR4()].filter(
      ([code, surname]) => surname !== ' ' && (!rig.flynotes.refuse.has(code) || rig.flynotes.held.has(code)),
    );
    const refusedNow = Object.values(figures.refusedByServer).reduce((sum, count) => sum + count, 0);
    // Who is refused may be held from before in the form that R4 still has; everyone else is held as R4 has them.
    for (const [code, surname] of rig.atFlynotes()) expect(rig.inR4().get(code)).toBe(surname);
    expect(rig.atFlynotes().size).toBe(valid.length);
    expect(figures.patients + refusedNow).toBe([...rig.inR4().values()].filter((surname) => surname !== ' ').length);
    expect(rig.state.ledger.count()).toBe(figures.patients);
  },
);
