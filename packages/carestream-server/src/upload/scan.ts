import { patientCodeOf } from '../records/index.ts';
import type { LedgerEntry } from '../state/index.ts';
import type { BatchSender, PatientRemoval } from './batch-sender.ts';
import type { Judge } from './judge.ts';
import { checkRemovals } from './mass-removal.ts';
import { readPages, readWithRetry, type NumberedPage, type Pacing, type ReadDeps } from './pages.ts';
import type { UploadDeps } from './ports.ts';
import { countOne, type Tally } from './tally.ts';

/** What the steps of a pass share. */
export interface PassParts {
  readonly deps: UploadDeps;
  readonly read: ReadDeps;
  readonly pacing: Pacing;
  readonly judge: Judge;
  readonly sender: BatchSender;
  readonly tally: Tally;
  /** How long after it was first found a removal of most patients may be carried out. */
  readonly massRemovalAfterMs: number;
}

/** What a scan finds besides changes. */
interface Findings {
  /** Whom the ledger has and a page has not. */
  readonly missing: number[];
  /** Whom Flynotes is no longer to hold. */
  readonly gone: PatientRemoval[];
}

/** Rows mapped and digested without a break (about 3 ms): between slices, whatever else is ready runs. */
const sliceRows = 250;
/** How many entries of the ledger are taken without a break. */
const entriesAtOnce = 2_000;
/** How many patients are read by key at once. */
const keysAtOnce = 500;

/**
 * Goes through all of R4 once, sends what is new or changed, and at the end removes what is confirmed to be gone.
 * @throws AgentError REMOVALS_HELD_BACK
 */
export async function scanPractice(parts: PassParts, signal: AbortSignal): Promise<void> {
  const heldBefore = parts.deps.state.ledger.count();
  const findings: Findings = { missing: [], gone: [] };
  for await (const page of readPages(parts.read, parts.pacing, signal)) {
    parts.tally.pages += 1;
    parts.tally.rows += page.rows.length + (page.repeatedCodes?.length ?? 0);
    parts.tally.readMs += page.elapsedMs;
    parts.tally.pausedMs += page.pausedMs;
    await takePage(parts, page, findings, signal);
  }
  await confirmMissing(parts, findings, signal);
  try {
    checkRemovals(parts, { removals: findings.gone.length, heldBefore });
  } catch (error) {
    // Whoever is new or changed has nothing to do with it.
    await parts.sender.flush();
    throw error;
  }
  for (const removal of findings.gone) await parts.sender.remove(removal);
}

/** Sends what of a page is new or changed, and collects the patients whom the ledger has there and the page has not. */
async function takePage(parts: PassParts, page: NumberedPage, findings: Findings, signal: AbortSignal): Promise<void> {
  const { readSequence } = page;
  for (const _ of page.repeatedCodes ?? []) countOne(parts.tally.refusedByAgent, 'PATIENT_CODE_REPEATED');
  const unseen = new Set(page.rows.map((row) => patientCodeOf(row.patientCode)));
  const held = await heldOf(parts, page, { codes: unseen, missing: findings.missing }, signal);
  for (const [index, row] of page.rows.entries()) {
    if (index % sliceRows === sliceRows - 1) await parts.deps.clock.sleep(0, signal);
    const code = patientCodeOf(row.patientCode);
    if (code !== null && !unseen.delete(code)) {
      countOne(parts.tally.refusedByAgent, 'PATIENT_CODE_REPEATED');
      continue;
    }
    const entry = code === null ? undefined : held.get(code);
    const verdict = parts.judge.judge(row, { readSequence, held: entry, always: false });
    if (verdict.kind === 'send') await parts.sender.send(verdict.change);
    else if (verdict.kind === 'withdraw') findings.gone.push({ patientCode: verdict.patientCode, readSequence });
  }
}

/** What the ledger holds of the page's patients; those whom it holds between them go to `missing`. */
async function heldOf(
  parts: PassParts,
  page: NumberedPage,
  { codes, missing }: { readonly codes: ReadonlySet<number | null>; readonly missing: number[] },
  signal: AbortSignal,
): Promise<Map<number, LedgerEntry>> {
  const held = new Map<number, LedgerEntry>();
  const upTo = page.lastCode ?? Number.MAX_SAFE_INTEGER;
  for (let after = page.afterCode ?? 0; ;) {
    const entries = parts.deps.state.ledger.codesAfter(after, entriesAtOnce, upTo);
    for (const entry of entries) {
      if (codes.has(entry.patientCode)) held.set(entry.patientCode, entry);
      else missing.push(entry.patientCode);
    }
    const last = entries.at(-1);
    if (!last || entries.length < entriesAtOnce) return held;
    after = last.patientCode;
    await parts.deps.clock.sleep(0, signal);
  }
}

/** A page is no proof that a patient is gone: a row may have come by patient-sync since. Each is looked up by its key. */
async function confirmMissing(parts: PassParts, { missing, gone }: Findings, signal: AbortSignal): Promise<void> {
  const options = { always: false, remove: async (removal: PatientRemoval) => void gone.push(removal) };
  for (let start = 0; start < missing.length; start += keysAtOnce) {
    await tellByKey(parts, missing.slice(start, start + keysAtOnce), options, signal);
  }
}

/** How {@link tellByKey} tells. */
interface TellOptions {
  /** Also what the ledger says is held already. */
  readonly always: boolean;
  readonly remove: (removal: PatientRemoval) => Promise<void>;
}

/** Reads patients by key and tells Flynotes of each: its record, or its removal. */
async function tellByKey(
  parts: PassParts,
  codes: readonly number[],
  { always, remove }: TellOptions,
  signal: AbortSignal,
): Promise<void> {
  const { rows, readSequence } = await readWithRetry(
    parts.read,
    async (reader, readSequence) => ({ rows: await reader.readBasicsOf(codes, signal), readSequence }),
    signal,
  );
  const found = new Set<number>();
  for (const row of rows) {
    const code = patientCodeOf(row.patientCode);
    if (code === null || found.has(code)) continue;
    found.add(code);
    const held = parts.deps.state.ledger.get(code) ?? undefined;
    const verdict = parts.judge.judge(row, { readSequence, held, always });
    if (verdict.kind === 'send') await parts.sender.send(verdict.change);
    else if (verdict.kind === 'withdraw') await remove({ patientCode: verdict.patientCode, readSequence });
  }
  for (const patientCode of codes) {
    if (!found.has(patientCode)) await remove({ patientCode, readSequence });
  }
  await parts.deps.clock.sleep(0, signal);
}

/** All patients whom the ledger holds in some buckets, told anew. */
export async function tellBuckets(parts: PassParts, buckets: readonly number[], signal: AbortSignal): Promise<void> {
  const wanted = new Set(buckets);
  const options: TellOptions = { always: true, remove: (removal) => parts.sender.remove(removal) };
  const { ledger } = parts.deps.state;
  let codes: number[] = [];
  for (let after = 0; ;) {
    const entries = ledger.codesAfter(after, 1_000);
    for (const { patientCode } of entries) {
      if (wanted.has(parts.deps.digester.bucketOf(patientCode))) codes.push(patientCode);
    }
    while (codes.length >= keysAtOnce) {
      const some = codes.slice(0, keysAtOnce);
      codes = codes.slice(keysAtOnce);
      await tellByKey(parts, some, options, signal);
    }
    const last = entries.at(-1);
    if (!last) break;
    after = last.patientCode;
    await parts.deps.clock.sleep(0, signal);
  }
  if (codes.length > 0) await tellByKey(parts, codes, options, signal);
}
