import { createPracticeConnector } from '../../packages/carestream-server/src/practice/index.ts';
import { createStatements } from '../../packages/carestream-server/src/practice/statements.ts';
import { createSystemClock } from '../../packages/carestream-server/src/runtime/system-clock.ts';

/** The batch with which the agent reads one patient of this R4. */
export async function patientStatement(connectionString: string): Promise<string> {
  const clock = createSystemClock();
  const log = { emit: () => undefined, error: () => undefined };
  const connector = createPracticeConnector({ clock, log }, { database: { connectionString } });
  await using reader = await connector.open(new AbortController().signal);
  return createStatements(reader.schema, 'read-uncommitted').patient;
}
