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
  const { tally, account, judge, sender } = parts;
  const { findings } = parts.deps.state;
  for (const _ of page.repeatedCodes ?? []) countOne(tally.refusedByAgent, 'PATIENT_CODE_REPEATED');
  const codes = rows.packed?.codes ?? Array.from(rows, (row) => patientCodeOf(row.patientCode) ?? noCode);
  const held = await heldOf(parts, page, signal);
  const doubtful: number[] = [];
  const readings: LedgerEntry[] = [];
  const missing = (entry: LedgerEntry): void => {
    possible(parts.deps.state, entry, readSequence);
    doubtful.push(entry.patientCode);
  };
  // Rows and entries are in the order of their codes, so that they meet on the way.
  let next = 0;
  let previous = noCode;
  for (let index = 0; index < codes.length; index += 1) {
    if (index % sliceRows === sliceRows - 1) await parts.deps.clock.sleep(0, signal);
    const code = codes[index] ?? noCode;
    if (code > noCode) {
      if (code === previous) {
        countOne(tally.refusedByAgent, 'PATIENT_CODE_REPEATED');
        continue;
      }
      previous = code;
      for (; (held[next]?.patientCode ?? Infinity) < code; next += 1) missing(held[next]!);
    }
    const found = held[next]?.patientCode === code ? held[next++] : undefined;
    const entry = possible(parts.deps.state, found, readSequence);
    const verdict = judge.judge(rows, index, { readSequence, held: entry, always: false });
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
  for (; next < held.length; next += 1) missing(held[next]!);
  if (doubtful.length > 0) findings.addDoubtful(doubtful);
  if (readings.length > 0) findings.addReadings(readings);
}

/** What the ledger holds from where the page began to where it ended. */
async function heldOf(parts: PassParts, page: NumberedPage, signal: AbortSignal): Promise<readonly LedgerEntry[]> {
  const { state, clock } = parts.deps;
  const upTo = page.lastCode ?? Number.MAX_SAFE_INTEGER;
  let held = state.ledger.codesAfter(page.afterCode ?? 0, entriesAtOnce, upTo);
  for (let entries = held; entries.length === entriesAtOnce;) {
    await clock.sleep(0, signal);
    entries = state.ledger.codesAfter(entries.at(-1)?.patientCode ?? upTo, entriesAtOnce, upTo);
    held = held.concat(entries);
  }
  return held;
}
