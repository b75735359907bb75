import type { ErrorCode } from '../contract/index.ts';
import { AgentError } from '../runtime/index.ts';
import { parseConnectionString } from './connection-string.ts';
import type { DatabaseTarget } from './database-config.ts';
import type { ResultSets } from './driver.ts';

/** `sys.databases.state`: 1 restoring, 2 recovering, 3 recovery pending, 4 suspect, 5 emergency, 6 offline. */
const byState: Readonly<Record<number, ErrorCode>> = {
  1: 'PRACTICE_DATABASE_RESTORING',
  2: 'PRACTICE_DATABASE_RESTORING',
  3: 'PRACTICE_DATABASE_OFFLINE',
  4: 'PRACTICE_DATABASE_OFFLINE',
  5: 'PRACTICE_DATABASE_OFFLINE',
  6: 'PRACTICE_DATABASE_OFFLINE',
};
/** `sys.databases.user_access`: 0 everybody, 1 one session, 2 owners. */
const singleUser = 1;

/** The reason of a PRACTICE_DATABASE_UNAVAILABLE that no right would mend. */
export const noSuchDatabase = 'there is no database of that name';

/**
 * What a login that fails with 4060 alone does not say: whether the database is there, and in which state.
 *
 * @param answer to the statement of its state, asked in another database
 */
export function unavailableBecause(refusal: AgentError, answer: ResultSets): AgentError {
  const told = (code: ErrorCode, reason?: string): AgentError =>
    new AgentError(code, {
      cause: refusal.cause,
      details: { ...refusal.details, ...(reason === undefined ? {} : { reason }) },
    });
  const row = answer[0]?.[0];
  if (row === undefined) return told('PRACTICE_DATABASE_UNAVAILABLE', noSuchDatabase);
  const [state, access] = row;
  const code = typeof state === 'number' ? byState[state] : undefined;
  if (code !== undefined) return told(code);
  if (access === singleUser) return told('PRACTICE_DATABASE_SINGLE_USER');
  return told('PRACTICE_DATABASE_UNAVAILABLE', 'the login may not open it');
}

/** Every login may open it. */
const open = 'master';

/** The same server and login, in a database that can always be opened; undefined where the target does not name its own. */
export function besideDatabase(
  target: DatabaseTarget,
): { readonly target: DatabaseTarget; readonly database: string } | undefined {
  const { database } = target;
  if (database === undefined) return undefined;
  if (target.driver === 'tedious') return { target: { ...target, database: open }, database };
  const pairs = parseConnectionString(target.connectionString);
  if ('reason' in pairs) return undefined;
  const others = pairs.filter(({ keyword }) => keyword !== 'database' && keyword !== 'initial catalog');
  const text = [...others, { keyword: 'database', value: open }]
    .map(({ keyword, value }) => `${keyword}=${/[;{}\s]/.test(value) ? `{${value.replaceAll('}', '}}')}}` : value};`)
    .join('');
  return { target: { ...target, connectionString: text }, database };
}
