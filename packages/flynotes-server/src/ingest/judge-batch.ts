import {
  basicRecordSchema,
  batchPatientSchema,
  orderedBasics,
  patientCodeSchema,
  readSequenceSchema,
  removalSchema,
} from '@flynotes/carestream-server/api';
import type { BasicRecord, ErrorCode, Refusal } from '@flynotes/carestream-server/api';
import type * as z from 'zod';
import { cleanPatient } from './clean-patient.ts';
import { digestNumber, type PracticeDigester } from './practice-digester.ts';

/** What a patient's row is to become. */
export interface IncomingRow {
  /** Patient code. */
  readonly c: number;
  /** Read sequence. */
  readonly s: number;
  readonly b: number;
  readonly k: 'held' | 'removed' | 'refused';
  readonly d: string | null;
  /** The record as JSON. */
  readonly r: string | null;
}

/** A batch with each row judged alone. */
export interface JudgedBatch {
  readonly rows: IncomingRow[];
  readonly refusals: Refusal[];
  /** Rows that another row of the same batch outdates. */
  readonly outdated: number;
}

/** Judges each row alone: one bad row never fails a batch. `index` of a removal counts on after the patients. */
export function judgeBatch(
  patients: readonly unknown[],
  removals: readonly unknown[],
  digester: PracticeDigester,
): JudgedBatch {
  const newest = new Map<number, IncomingRow>();
  const refusals: Refusal[] = [];
  let outdated = 0;
  const take = (row: IncomingRow): void => {
    const held = newest.get(row.c);
    if (held !== undefined) outdated += 1;
    if (held === undefined || row.s > held.s) newest.set(row.c, row);
  };
  const hold = (basics: BasicRecord, readSequence: number, text: string): void =>
    take({
      c: basics.patientCode,
      s: readSequence,
      b: digester.bucketOf(basics.patientCode),
      k: 'held',
      d: digestNumber(digester.ofOrdered(text, basics)),
      r: text,
    });
  const judge = (patient: unknown, index: number): void => {
    const clean = cleanPatient(patient);
    if (clean !== null) return hold(clean.basics, clean.readSequence, clean.text);
    const parsed = batchPatientSchema.safeParse(patient);
    if (parsed.success) {
      const { basics, readSequence } = parsed.data;
      return hold(basics, readSequence, orderedBasics(basics));
    }
    const known = identityOf(patient);
    refusals.push(refusalOf(known.patientCode, index, parsed.error));
    // What was held before is no longer what R4 says: it stays readable, but counts no longer.
    if (known.patientCode !== null && known.readSequence !== null) {
      const { patientCode, readSequence } = known;
      take({ c: patientCode, s: readSequence, b: digester.bucketOf(patientCode), k: 'refused', d: null, r: null });
    }
  };
  patients.forEach(judge);
  removals.forEach((removal, position) => {
    const parsed = removalSchema.safeParse(removal);
    if (parsed.success) {
      const { patientCode, readSequence } = parsed.data;
      take({ c: patientCode, s: readSequence, b: digester.bucketOf(patientCode), k: 'removed', d: null, r: null });
    } else {
      refusals.push(refusalOf(identityOf(removal).patientCode, patients.length + position, parsed.error));
    }
  });
  return { rows: [...newest.values()].sort((left, right) => left.c - right.c), refusals, outdated };
}

function identityOf(value: unknown): { patientCode: number | null; readSequence: number | null } {
  const { basics, patientCode, readSequence } = (value ?? {}) as Record<string, unknown>;
  const code = patientCodeSchema.safeParse(
    (basics as { patientCode?: unknown } | null | undefined)?.patientCode ?? patientCode,
  );
  const sequence = readSequenceSchema.safeParse(readSequence);
  return { patientCode: code.success ? code.data : null, readSequence: sequence.success ? sequence.data : null };
}

const fieldNames: ReadonlySet<string> = new Set([
  ...Object.keys(basicRecordSchema.shape),
  'basics',
  'readSequence',
  'kind',
  'number',
]);

/** Code and fields, never values: a path may hold a key that came from outside, so only names of the contract are told. */
function refusalOf(patientCode: number | null, index: number, error: z.ZodError): Refusal {
  const fields = error.issues.map(({ path }) =>
    path.map((part) => (typeof part === 'number' || fieldNames.has(String(part)) ? String(part) : '?')).join('.'),
  );
  return { patientCode, index, code: codeOf(patientCode, error), fields: [...new Set(fields)].sort().slice(0, 30) };
}

function codeOf(patientCode: number | null, error: z.ZodError): ErrorCode {
  if (patientCode === null) return 'PATIENT_CODE_INVALID';
  const nameMissing = error.issues.every(
    (issue) =>
      issue.code === 'custom' && (issue.params as { refusal?: unknown } | undefined)?.refusal === 'NAME_MISSING',
  );
  return nameMissing ? 'NAME_MISSING' : 'RECORD_INVALID';
}
