import { patientCodeOf } from '../records/index.ts';
import { readWithRetry } from './pages.ts';
import type { PassParts } from './pass-parts.ts';

/** How many patients are read by key at once. */
export const keysAtOnce = 500;

/** How {@link tellByKey} tells. */
interface TellOptions {
  /** Also what the ledger says is held already. */
  readonly always: boolean;
}

/** What {@link tellByKey} found. */
interface ToldByKey {
  /** Those of whom R4 has no row, or none that a record can be made of. */
  readonly gone: readonly number[];
  readonly readSequence: number;
}

/** Reads patients by key, sends what is to be sent of them, and tells who is gone. */
export async function tellByKey(
  parts: PassParts,
  codes: readonly number[],
  { always }: TellOptions,
  signal: AbortSignal,
): Promise<ToldByKey> {
  const { rows, readSequence } = await readWithRetry(
    parts.read,
    async (reader, readSequence) => ({ rows: await reader.readBasicsOf(codes, signal), readSequence }),
    signal,
  );
  const found = new Set<number>();
  const gone: number[] = [];
  for (const [index, row] of rows.entries()) {
    const code = patientCodeOf(row.patientCode);
    if (code === null || found.has(code)) continue;
    found.add(code);
    const held = parts.account.held(code, readSequence);
    const verdict = parts.judge.judge(rows, index, { readSequence, held, always, counted: true });
    if (verdict.kind === 'send') await parts.sender.send(verdict.change);
    else if (verdict.kind === 'withdraw') gone.push(verdict.patientCode);
  }
  for (const code of codes) if (!found.has(code)) gone.push(code);
  await parts.deps.clock.sleep(0, signal);
  return { gone, readSequence };
}

/** All patients whom the account has in some buckets, told anew. */
export async function tellBuckets(parts: PassParts, buckets: readonly number[], signal: AbortSignal): Promise<void> {
  const wanted = new Set(buckets);
  const tell = async (codes: readonly number[]) => {
    const { gone, readSequence } = await tellByKey(parts, codes, { always: true }, signal);
    for (const patientCode of gone) await parts.sender.remove({ patientCode, readSequence });
  };
  let codes: number[] = [];
  for (let after = 0; ;) {
    const entries = parts.account.entriesAfter(after, 1_000);
    for (const { patientCode } of entries) {
      if (wanted.has(parts.deps.digester.bucketOf(patientCode))) codes.push(patientCode);
    }
    while (codes.length >= keysAtOnce) {
      const some = codes.slice(0, keysAtOnce);
      codes = codes.slice(keysAtOnce);
      await tell(some);
    }
    const last = entries.at(-1);
    if (!last) break;
    after = last.patientCode;
    await parts.deps.clock.sleep(0, signal);
  }
  if (codes.length > 0) await tell(codes);
}
