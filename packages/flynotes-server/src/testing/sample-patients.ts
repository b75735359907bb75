import { createBucketSums } from '@flynotes/carestream-server/api';
import type { BasicRecord } from '@flynotes/carestream-server/api';
import { createPracticeDigester } from '../ingest/index.ts';

/** A made-up patient. */
export function samplePatient(patientCode: number, changes: Record<string, unknown> = {}): BasicRecord {
  return {
    patientCode,
    title: 'Ms',
    forename: `Nia${patientCode % 97}`,
    surname: `Llewellyn-O’Brien ${patientCode}`,
    dateOfBirth: '1980-02-29',
    emails: [`p${patientCode}@example.com`],
    phones: [{ kind: 'mobile', number: `07700 ${900_000 + (patientCode % 1000)} after six` }],
    addressLines: ['1 High Street', 'Ærøskøbing'],
    postcode: 'N6 5AA',
    marks: ['email-split'],
    ...changes,
  } as BasicRecord;
}

/** `count` patients from a code on. */
export function samplePatients(from: number, count: number): BasicRecord[] {
  return Array.from({ length: count }, (_, index) => samplePatient(from + index));
}

/** What an agent that holds these patients as acknowledged says at the end of a pass. */
export function digestsOf(records: readonly BasicRecord[], digestKey: string) {
  const digester = createPracticeDigester(digestKey);
  const sums = createBucketSums();
  for (const record of records) sums.add(digester.bucketOf(record.patientCode), digester.ofRecord(record));
  return {
    patients: sums.patients,
    root: digester.rootOf(sums.sums),
    buckets: sums.sums.map((sum) => sum.toString(16).padStart(32, '0')),
    bucketOf: (code: number) => digester.bucketOf(code),
  };
}
