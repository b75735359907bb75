import type { SQLInputValue } from 'node:sqlite';

import type { SqlType } from '../../engine.ts';
import type { ServerState, SessionState } from '../state.ts';

/** A `@@NAME`. */
export interface Global {
  readonly type: SqlType;
  readonly nullable?: boolean;
  readonly value: (server: ServerState, session: SessionState) => SQLInputValue;
}

const text = (length: number): SqlType => ({ name: 'nvarchar', length });
const int: SqlType = { name: 'int' };
const constant = (type: SqlType, value: SQLInputValue): Global => ({ type, value: () => value });
const number = (read: (session: SessionState) => number): Global => ({
  type: int,
  value: (_server, session) => BigInt(read(session)),
});

/** What @@VERSION says of a 2008 R2 with Service Pack 2. */
export const versionText =
  'Microsoft SQL Server 2008 R2 (SP2) - 10.50.4000.0 (X64) \n\tJun 28 2012 08:36:30 \n\tCopyright (c) Microsoft Corporation\n\tStandard Edition (64-bit) on Windows NT 6.1 <X64> (Build 7601: Service Pack 1)\n';

/** Bits of @@OPTIONS. */
const optionBits: readonly (readonly [name: string, bit: number])[] = [
  ['IMPLICIT_TRANSACTIONS', 2],
  ['CURSOR_CLOSE_ON_COMMIT', 4],
  ['ANSI_WARNINGS', 8],
  ['ANSI_PADDING', 16],
  ['ANSI_NULLS', 32],
  ['ARITHABORT', 64],
  ['ARITHIGNORE', 128],
  ['QUOTED_IDENTIFIER', 256],
  ['NOCOUNT', 512],
  ['ANSI_NULL_DFLT_ON', 1024],
  ['ANSI_NULL_DFLT_OFF', 2048],
  ['CONCAT_NULL_YIELDS_NULL', 4096],
  ['NUMERIC_ROUNDABORT', 8192],
  ['XACT_ABORT', 16384],
];
const optionMask = ({ options }: SessionState): number => {
  const own: Readonly<Record<string, boolean>> = {
    QUOTED_IDENTIFIER: options.quotedIdentifier,
    NOCOUNT: options.noCount,
  };
  return optionBits.reduce(
    (mask, [name, bit]) => ((own[name] ?? options.switches.get(name)) === true ? mask | bit : mask),
    0,
  );
};

/** Global variables by upper-case name. */
export const globals: Readonly<Record<string, Global>> = {
  '@@VERSION': constant(text(300), versionText),
  '@@SERVERNAME': { type: text(128), value: (server) => server.name },
  '@@SERVICENAME': constant(text(128), 'MSSQLSERVER'),
  '@@SPID': { type: { name: 'smallint' }, value: (_server, session) => BigInt(session.id) },
  '@@TRANCOUNT': number((session) => session.transactionCount),
  '@@ROWCOUNT': number((session) => session.lastRowCount),
  '@@ERROR': number((session) => session.lastError),
  '@@IDENTITY': {
    type: { name: 'numeric', precision: 38, scale: 0 },
    nullable: true,
    value: (_server, session) => session.lastIdentity,
  },
  '@@LANGUAGE': { type: text(128), value: (_server, session) => session.options.language },
  '@@LANGID': constant({ name: 'smallint' }, 0n),
  '@@DATEFIRST': { type: { name: 'tinyint' }, value: (_server, session) => BigInt(session.options.dateFirst) },
  '@@LOCK_TIMEOUT': number((session) => session.options.lockTimeoutMs),
  '@@MAX_PRECISION': constant({ name: 'tinyint' }, 38n),
  '@@MAX_CONNECTIONS': constant(int, 32767n),
  '@@MICROSOFTVERSION': constant(int, 171052960n),
  '@@NESTLEVEL': { type: int, value: (_server, session) => BigInt(session.nesting) },
  '@@OPTIONS': number(optionMask),
  '@@PROCID': constant(int, 0n),
  '@@TEXTSIZE': constant(int, 2147483647n),
  '@@DBTS': constant({ name: 'varbinary', length: 8 }, new Uint8Array(8)),
};
