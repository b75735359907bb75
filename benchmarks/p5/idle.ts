import type { RawLegs } from './raw-legs.ts';
import type { Sampler } from './sampler.ts';
import type { BenchPractice } from './world.ts';

/** What one idle run measured, in milliseconds. */
export interface IdleTimes {
  readonly sync: readonly number[];
  readonly receive: readonly number[];
  readonly select: readonly number[];
  readonly put: readonly number[];
}

/** Patient-syncs one at a time, and between them the raw legs: what disturbs the one disturbs the other. */
export async function measureIdle(
  parts: { readonly sampler: Sampler; readonly raw: RawLegs; readonly practice: BenchPractice },
  codes: readonly number[],
  rounds: number,
): Promise<IdleTimes> {
  const { sampler, raw, practice } = parts;
  const records = new Map<number, unknown>();
  // Warms up everything, and brings the records that the raw PUT sends.
  for (const code of codes) {
    await sampler.patientSync(code);
    const view = await practice.operator.patient(code);
    if (!view?.fullRecord) throw new Error(`The server holds no full record of patient ${code}.`);
    records.set(code, view.fullRecord);
    await raw.receive();
    await raw.select(code);
    await raw.put(code, view.fullRecord);
  }
  const times = { sync: [] as number[], receive: [] as number[], select: [] as number[], put: [] as number[] };
  for (let round = 0; round < rounds; round += 1) {
    for (const code of codes) {
      times.receive.push(await raw.receive());
      times.select.push(await raw.select(code));
      times.put.push(await raw.put(code, records.get(code)));
      times.sync.push(await sampler.patientSync(code));
    }
  }
  return times;
}
