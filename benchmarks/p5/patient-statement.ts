import { createPracticeConnector } from '../../packages/carestream-server/src/practice/index.ts';
import { createStatements } from '../../packages/carestream-server/src/practice/statements.ts';
import { mapBasics } from '../../packages/carestream-server/src/records/index.ts';
import { createSystemClock } from '../../packages/carestream-server/src/runtime/system-clock.ts';

/** How the agent reads patients of an R4, and whom. */
export interface PatientReads {
  /** The batch with which it reads one patient. */
  readonly statement: string;
  /** Those of the candidates who become a record: a practice holds some without a name, too. */
  readonly codes: readonly number[];
}

/** @see {@link PatientReads} */
export async function patientReads(connectionString: string, candidates: readonly number[]): Promise<PatientReads> {
  const clock = createSystemClock();
  const log = { emit: () => undefined, error: () => undefined };
  const connector = createPracticeConnector({ clock, log }, { database: { connectionString } });
  const { signal } = new AbortController();
  await using reader = await connector.open(signal);
  const rows = await reader.readBasicsOf(candidates, signal);
  const codes = rows.flatMap((row) => {
    const mapped = mapBasics(row, { today: '2026-03-02' });
    return mapped.outcome === 'refused' ? [] : [mapped.record.patientCode];
  });
  return { statement: createStatements(reader.schema, 'read-uncommitted').patient, codes };
}
