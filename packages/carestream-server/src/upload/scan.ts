import { patientCodeOf } from '../records/index.ts';
import type { LedgerEntry } from '../state/index.ts';
import { possible } from './account.ts';
import { readPages, type NumberedPage } from './pages.ts';
import type { PassParts } from './pass-parts.ts';
import { removeGone } from './removals.ts';
import { pointAfter, type ResumePoint } from './resume-point.ts';
import { countOne, resumeTally } from './tally.ts';

/** Rows mapped and digested without a break (about 1 ms): between slices, whatever else is ready runs. */
const sliceRows = 100;
/** How many entries of the ledger are taken without a break. */
const entriesAtOnce = 2_000;

/**
 * Goes through R4 once, sends what is new or changed, and at the end removes what is confirmed to be gone. While it is not known what
 * Flynotes holds, whom the ledger lacks is gathered instead of sent.
 * @param from - where an earlier try had come to; null begins
 * @throws AgentError REMOVALS_HELD_BACK
 */
export async function scanPractice(parts: PassParts, from: ResumePoint | null, signal: AbortSignal): Promise<void> {
  const { deps, tally, sender, resume } = parts;
  const heldBefore = Math.max(deps.state.ledger.count(), parts.patientsHeld ?? 0);
  if (from) resumeTally(tally, from.counts);
  else deps.state.findings.clear();
  if (from?.afterCode !== null) {
    for await (const page of readPages(parts.read, { ...parts.pacing, afterCode: from?.afterCode ?? null }, signal)) {
      tally.pages += 1;
      tally.rows += page.rows.length + (page.repeatedCodes?.length ?? 0);
      tally.readMs += page.elapsedMs;
      tally.pausedMs += page.pausedMs;
      await takePage(parts, page, signal);
      const point = pointAfter(page.lastCode, tally);
      sender.mark(() => resume.reached(point));
    }
  }
  await removeGone(parts, heldBefore, signal);
}

/** Sends or gathers what of a page is new or changed, and notes whom the ledger has there and the page has not. */
async function takePage(parts: PassParts, page: NumberedPage, signal: AbortSignal): Promise<void> {
  const { readSequence } = page;
  const { tally, account } = parts;
  const { findings } = parts.deps.state;
  for (const _ of page.repeatedCodes ?? []) countOne(tally.refusedByAgent, 'PATIENT_CODE_REPEATED');
  const unseen = new Set(page.rows.map((row) => patientCodeOf(row.patientCode)));
  const held = await heldOf(parts, page, unseen, signal);
  const doubtful: number[] = [];
  const readings: LedgerEntry[] = [];
  for (const [index, row] of page.rows.entries()) {
    if (index % sliceRows === sliceRows - 1) await parts.deps.clock.sleep(0, signal);
    const code = patientCodeOf(row.patientCode);
    if (code !== null && !unseen.delete(code)) {
      countOne(tally.refusedByAgent, 'PATIENT_CODE_REPEATED');
      continue;
    }
    const entry = code === null ? undefined : held.get(code);
    const verdict = parts.judge.judge(row, { readSequence, held: entry, always: false });
    if (verdict.kind === 'withdraw') doubtful.push(verdict.patientCode);
    else if (verdict.kind !== 'send') continue;
    else if (account.uncertain && !entry) {
      const { basics, digest } = verdict.change;
      readings.push({ patientCode: basics.patientCode, digest, readSequence });
    } else {
      const room = parts.sender.send(verdict.change);
      if (room) await room;
    }
  }
  if (doubtful.length > 0) findings.addDoubtful(doubtful);
  if (readings.length > 0) findings.addReadings(readings);
}

/** What the ledger holds of the page's patients; those whom it holds between them are in doubt. */
async function heldOf(
  parts: PassParts,
  page: NumberedPage,
  codes: ReadonlySet<number | null>,
  signal: AbortSignal,
): Promise<Map<number, LedgerEntry>> {
  const { state, clock } = parts.deps;
  const held = new Map<number, LedgerEntry>();
  const upTo = page.lastCode ?? Number.MAX_SAFE_INTEGER;
  for (let after = page.afterCode ?? 0; ;) {
    const entries = state.ledger.codesAfter(after, entriesAtOnce, upTo);
    const doubtful: number[] = [];
    for (const read of entries) {
      const entry = possible(state, read, page.readSequence);
      if (!codes.has(read.patientCode)) doubtful.push(read.patientCode);
      else if (entry) held.set(entry.patientCode, entry);
    }
    if (doubtful.length > 0) state.findings.addDoubtful(doubtful);
    const last = entries.at(-1);
    if (!last || entries.length < entriesAtOnce) return held;
    after = last.patientCode;
    await clock.sleep(0, signal);
  }
}
