import type { LocalEnd, SqlEngine, SqlSession } from '../engine.ts';
import { SqlServerError } from '../engine.ts';
import type { Faults } from './faults.ts';
import type { Login7 } from './login7.ts';
import type { Reply } from './reply.ts';
import type { TdsVersion } from './tds-version.ts';
import {
  DONE,
  ENV,
  TOKEN_TYPE,
  writeDone,
  writeEnvBytes,
  writeEnvText,
  writeError,
  writeInfo,
  writeLoginAck,
} from './tokens.ts';
import { resolveCollation } from './types/resolve.ts';
import type { TypeContext } from './types/resolve.ts';

export interface LoginContext {
  readonly engine: SqlEngine;
  readonly faults: Faults;
  readonly reply: Reply;
  readonly types: TypeContext;
  readonly encrypted: boolean;
  readonly local?: LocalEnd | undefined;
}

/** The two ways a login ends; either way its answer has been written. */
export type LoginResult = { readonly session: SqlSession } | { readonly refused: SqlServerError };

/** Asks the data half and writes the answer to LOGIN7 ([MS-TDS] 2.2.6.4, 3.3.5.5). */
export function answerLogin(login: Login7, packetBytes: number, context: LoginContext): LoginResult {
  const { engine, reply, types } = context;
  let session: SqlSession;
  try {
    refuseBefore(login, context.faults);
    session = engine.login({
      user: login.user,
      password: login.password,
      database: login.database,
      applicationName: login.applicationName,
      hostName: login.hostName,
      encrypted: context.encrypted,
      ...(context.local === undefined ? {} : { local: context.local }),
    });
  } catch (error) {
    if (!(error instanceof SqlServerError)) throw error;
    writeRefusal(error, login.user, context);
    return { refused: error };
  }
  writeWelcome(session.database, packetBytes, { reply, types, engine });
  return { session };
}

function refuseBefore(login: Login7, faults: Faults): void {
  if (login.integrated) {
    const message =
      'Login failed. The login is from an untrusted domain and cannot be used with Windows authentication.';
    throw new SqlServerError(message, { number: 18_452, severity: 14, state: 1 });
  }
  const armed = faults.arm(['login-failure']);
  if (armed?.fire() === true) throw loginFailure(armed.fault.number, login);
}

const FAILURES: ReadonlyMap<number, (login: Login7) => string> = new Map<number, (login: Login7) => string>([
  [4060, ({ database }) => `Cannot open database "${database}" requested by the login. The login failed.`],
  [4064, () => 'Cannot open user default database. Login failed.'],
  [
    17_142,
    () =>
      'SQL Server service has been paused. No new connections will be allowed. To resume the service, use SQL Computer Manager or the Services application in Control Panel.',
  ],
  [18_451, ({ user }) => `Login failed for user '${user}'. Only administrators may connect at this time.`],
  [
    18_461,
    ({ user }) =>
      `Login failed for user '${user}'. Reason: Server is in single user mode. Only one administrator can connect at this time.`,
  ],
  [18_470, ({ user }) => `Login failed for user '${user}'. Reason: The account is disabled.`],
  [
    18_486,
    ({ user }) =>
      `Login failed for user '${user}' because the account is currently locked out. The system administrator can unlock it.`,
  ],
  [18_487, ({ user }) => `Login failed for user '${user}'.  Reason: The password of the account has expired.`],
  [18_488, ({ user }) => `Login failed for user '${user}'.  Reason: The password of the account must be changed.`],
]);

function loginFailure(number: number, login: Login7): SqlServerError {
  const message = FAILURES.get(number)?.(login) ?? `Login failed for user '${login.user}'.`;
  return new SqlServerError(message, { number, severity: number === 4060 ? 11 : 14, state: 1 });
}

function writeRefusal(error: SqlServerError, user: string, { engine, reply, types }: LoginContext): void {
  const { version } = types;
  const origin = { serverName: engine.serverName, version };
  writeError(reply.out, error, origin);
  if (error.number === 4060 || error.number === 4064) {
    // The real server says both.
    writeError(
      reply.out,
      new SqlServerError(`Login failed for user '${user}'.`, { number: 18_456, severity: 14, state: 1 }),
      origin,
    );
  }
  writeDone(reply.out, { type: TOKEN_TYPE.done, status: DONE.error }, version);
}

function writeWelcome(
  database: string,
  packetBytes: number,
  { engine, reply, types }: Pick<LoginContext, 'engine' | 'reply' | 'types'>,
): void {
  const { out } = reply;
  const { version } = types;
  const origin = { serverName: engine.serverName, version };
  const collation = resolveCollation(engine.collation, types.codePages);
  writeEnvText(out, ENV.database, { now: database, before: 'master' });
  writeInfo(out, { number: 5701, message: `Changed database context to '${database}'.` }, origin);
  writeEnvBytes(out, ENV.collation, { now: collation.bytes, before: new Uint8Array() });
  writeEnvText(out, ENV.language, { now: 'us_english', before: '' });
  writeInfo(out, { number: 5703, message: 'Changed language setting to us_english.' }, origin);
  writeLoginAck(out, version, engine.version);
  writeEnvText(out, ENV.packetSize, { now: String(packetBytes), before: '4096' });
  writeDone(out, { type: TOKEN_TYPE.done, status: DONE.final }, version);
}

/** Refuses a client that speaks an older protocol than any of ours. */
export function refuseVersion(context: LoginContext, version: TdsVersion): SqlServerError {
  const message =
    'Login failed. The client uses a version of the TDS protocol that this server does not speak (7.1 to 7.3 it does).';
  const error = new SqlServerError(message, { number: 18_456, severity: 14, state: 1 });
  writeError(context.reply.out, error, { serverName: context.engine.serverName, version });
  writeDone(context.reply.out, { type: TOKEN_TYPE.done, status: DONE.error }, version);
  return error;
}
