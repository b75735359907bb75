import { patientCodeOf } from '../records/index.ts';
import type { LedgerEntry } from '../state/index.ts';
import { createHeldEntries } from './held-entries.ts';
import type { Circumstances } from './judge.ts';
import { readPages, type NumberedPage } from './pages.ts';
import type { PassParts } from './pass-parts.ts';
import { removeGone } from './removals.ts';
import { pointAfter, type ResumePoint } from './resume-point.ts';
import { countOne, resumeTally } from './tally.ts';

/** Rows looked at without a break, less than 1 ms also where each is news: between slices, whatever else is ready runs. */
const sliceRows = 50;
/** Stands for a code that the contract does not allow; all others are higher. */
const noCode = 0;

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
  const { readSequence, rows } = page;
  const { deps, tally, account, judge, sender } = parts;
  const { findings } = deps.state;
  for (const _ of page.repeatedCodes ?? []) countOne(tally.refusedByAgent, 'PATIENT_CODE_REPEATED');
  const codes = rows.packed?.codes ?? Array.from(rows, (row) => patientCodeOf(row.patientCode) ?? noCode);
  const upTo = page.lastCode ?? Number.MAX_SAFE_INTEGER;
  const entries = createHeldEntries(deps, { after: page.afterCode ?? 0, upTo, readSequence });
  const doubtful: number[] = [];
  const readings: LedgerEntry[] = [];
  // One for all rows: a hundred thousand of them would be for the collector.
  const circumstances: { -readonly [Key in keyof Circumstances]: Circumstances[Key] } = {
    readSequence,
    held: undefined,
    always: false,
  };
  let previous = noCode;
  for (let index = 0; index < codes.length; index += 1) {
    if (index % sliceRows === sliceRows - 1) await deps.clock.sleep(0, signal);
    const code = codes[index] ?? noCode;
    if (code > noCode && code === previous) {
      countOne(tally.refusedByAgent, 'PATIENT_CODE_REPEATED');
      continue;
    }
    if (code > noCode) {
      previous = code;
      if (entries.isBefore(code)) await entries.passTo(code, signal);
    }
    const entry = code > noCode ? entries.take(code) : undefined;
    circumstances.held = entry;
    const verdict = judge.judge(rows, index, circumstances);
    if (verdict.kind === 'withdraw') doubtful.push(verdict.patientCode);
    else if (verdict.kind !== 'send') continue;
    else if (account.uncertain && !entry) {
      const { patientCode, digest } = verdict.change;
      readings.push({ patientCode, digest, readSequence });
    } else {
      const room = sender.send(verdict.change);
      if (room) await room;
    }
  }
  await entries.passTo(Infinity, signal);
  if (doubtful.length > 0) findings.addDoubtful(doubtful);
  if (readings.length > 0) findings.addReadings(readings);
}
