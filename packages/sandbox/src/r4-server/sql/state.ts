import type { LocalEnd, LoginDefinition, SqlType, SqlValue } from '../engine.ts';
import type { Catalogue, Database, Table } from './catalogue/model.ts';
import type { DateOrder } from './conversion/date-text.ts';
import type { Storage } from './storage.ts';

/** A variable of a batch, or a parameter. */
export interface Variable {
  readonly name: string;
  readonly type: SqlType;
  value: SqlValue;
}

/** What SET changes, as after a login. */
export interface SessionOptions {
  noCount: boolean;
  quotedIdentifier: boolean;
  formatOnly: boolean;
  lockTimeoutMs: number;
  rowCount: number;
  dateOrder: DateOrder;
  dateFirst: number;
  language: string;
  isolationLevel: string;
  implicitTransactions: boolean;
  /** Table whose identity column takes explicit values. */
  identityInsert: string;
  /** Options that only report back, by name. */
  readonly switches: Map<string, boolean>;
}

/** One connection's state. */
export interface SessionState {
  readonly id: number;
  readonly login: LoginDefinition;
  readonly hostName: string;
  readonly applicationName: string;
  readonly loginMs: number;
  database: Database;
  options: SessionOptions;
  readonly variables: Map<string, Variable>;
  transactionCount: number;
  /** How many procedures and dynamic texts are running inside each other. */
  nesting: number;
  /** The whole connection is encrypted. */
  readonly encrypted: boolean;
  readonly local: LocalEnd | undefined;
  lastRowCount: number;
  lastError: number;
  /** SCOPE_IDENTITY and @@IDENTITY: the batch is the only scope here. */
  lastIdentity: bigint | null;
  /** The moment that GETDATE shows throughout one statement. */
  statementMs: number;
}

/** What all sessions share. */
export interface ServerState {
  readonly name: string;
  readonly collation: string;
  readonly storage: Storage;
  readonly catalogue: Catalogue;
  readonly logins: readonly LoginDefinition[];
  readonly sessions: Map<number, SessionState>;
  readonly startedMs: number;
  readonly now: () => number;
  /** Whose statement is being run: functions called by SQLite ask here. */
  current: SessionState;
  /** Who holds the one open transaction that has written, and which tables it wrote. */
  writer: { session: SessionState; tables: Set<Table> } | undefined;
}

/** The options of a fresh login. */
export const freshOptions = (): SessionOptions => ({
  noCount: false,
  quotedIdentifier: true,
  formatOnly: false,
  lockTimeoutMs: -1,
  rowCount: 0,
  dateOrder: 'mdy',
  dateFirst: 7,
  language: 'us_english',
  isolationLevel: 'READ COMMITTED',
  implicitTransactions: false,
  identityInsert: '',
  switches: new Map([
    ['ANSI_NULLS', true],
    ['ANSI_PADDING', true],
    ['ANSI_WARNINGS', true],
    ['ANSI_NULL_DFLT_ON', true],
    ['CONCAT_NULL_YIELDS_NULL', true],
  ]),
});
