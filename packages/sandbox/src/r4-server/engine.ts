/**
 * What the wire half of the simulator (TDS) and its data half (T-SQL over SQLite) promise each other.
 * The wire half decodes requests into text and typed parameters, and encodes what comes back; the data half knows
 * nothing of packets.
 */

/** SQL Server's own type names, as `sys.types` spells them. */
export type SqlTypeName =
  | 'bit'
  | 'tinyint'
  | 'smallint'
  | 'int'
  | 'bigint'
  | 'char'
  | 'varchar'
  | 'text'
  | 'nchar'
  | 'nvarchar'
  | 'ntext'
  | 'datetime'
  | 'smalldatetime'
  | 'date'
  | 'datetime2'
  | 'time'
  | 'money'
  | 'smallmoney'
  | 'decimal'
  | 'numeric'
  | 'float'
  | 'real'
  | 'uniqueidentifier'
  | 'binary'
  | 'varbinary'
  | 'image'
  | 'timestamp';

/** A type with its parameters. */
export interface SqlType {
  readonly name: SqlTypeName;
  /** Characters for character types, bytes for binary ones; `-1` means `(max)`. */
  readonly length?: number;
  readonly precision?: number;
  readonly scale?: number;
  /** `SQL_Latin1_General_CP1_CI_AS` unless told. Decides the code page of non-Unicode text. */
  readonly collation?: string;
}

/**
 * One value as both halves handle it; chosen so that SQLite compares it correctly and the wire encodes it cheaply:
 * bit, tinyint, smallint, int, float, real → number; bigint → bigint (number accepted within 2^53);
 * character types → string (char and nchar already padded); uniqueidentifier → upper-case 8-4-4-4-12 string;
 * datetime, smalldatetime, datetime2 → number of milliseconds of naive wall time since 1970-01-01T00:00:00 (negative before);
 * date → the same at midnight; time → milliseconds since midnight;
 * money, smallmoney → integer count of 1/10,000 (number or bigint); decimal, numeric → integer scaled by 10^scale (number or bigint);
 * binary types → Uint8Array. Null for every type.
 */
export type SqlValue = null | number | bigint | string | Uint8Array;

/** A column of a result set. */
export interface ResultColumn {
  /** Empty for an unnamed expression, as SQL Server does. */
  readonly name: string;
  readonly type: SqlType;
  readonly nullable: boolean;
  readonly identity?: boolean;
  /** The table it comes from; the wire needs it for text, ntext and image ([MS-TDS] 2.2.7.4). */
  readonly table?: string;
}

/** What one statement of a batch produced. */
export type StatementResult =
  | {
      readonly kind: 'rows';
      readonly columns: readonly ResultColumn[];
      /** Read lazily, once. May throw {@link SqlServerError} midway. */
      readonly rows: Iterable<readonly SqlValue[]>;
    }
  /** INSERT, UPDATE, DELETE, SELECT @x = …; `rows` is absent where SQL Server sends no count (SET, DECLARE). */
  | { readonly kind: 'done'; readonly rows?: number }
  /** PRINT and informational messages. */
  | { readonly kind: 'info'; readonly number: number; readonly message: string }
  /** `USE`: the wire announces it (ENVCHANGE 1). */
  | { readonly kind: 'database'; readonly name: string; readonly previous: string }
  /** BEGIN, COMMIT or ROLLBACK TRANSACTION has begun or ended the outermost one: the wire announces it (ENVCHANGE 8 to 10), and counts it as `done`. */
  | { readonly kind: 'transaction'; readonly change: TransactionChange }
  /** WAITFOR DELAY: the wire waits, and may be interrupted by an attention. `silent`: a wait for a lock, which sends no DONE. */
  | { readonly kind: 'wait'; readonly waitMs: number; readonly silent?: boolean };

/** What became of the session's transaction. */
export type TransactionChange = 'begin' | 'commit' | 'rollback';

/** A parameter of sp_executesql and its like. `name` starts with `@`. */
export interface SqlParameter {
  readonly name: string;
  readonly type: SqlType;
  readonly value: SqlValue;
  readonly output?: boolean;
}

/** An error with SQL Server's number, severity (class) and state. */
export interface SqlServerErrorFields {
  readonly number: number;
  readonly severity: number;
  readonly state: number;
  readonly lineNumber?: number;
}

/** Thrown by the data half, sent as an ERROR token by the wire half. */
export class SqlServerError extends Error {
  readonly number: number;
  readonly severity: number;
  readonly state: number;
  readonly lineNumber: number;

  constructor(message: string, fields: SqlServerErrorFields) {
    super(message);
    this.name = 'SqlServerError';
    this.number = fields.number;
    this.severity = fields.severity;
    this.state = fields.state;
    this.lineNumber = fields.lineNumber ?? 1;
  }
}

/** One logged-in connection's view of the data. */
export interface SqlSession {
  readonly user: string;
  /** The current database; `USE` changes it. */
  readonly database: string;
  /** `SET NOCOUNT ON` is in force: the wire then leaves counts out of DONE tokens. */
  readonly noCount: boolean;
  /** `SET TEXTSIZE` is accepted and ignored. Statements run as the iterator is pulled, so a consumer that stops, stops the batch. */
  execute(batchText: string, parameters: readonly SqlParameter[]): Iterable<StatementResult>;
  /** Values of output parameters after a batch was drained. */
  outputs(): ReadonlyMap<string, SqlValue>;
  /** sp_reset_connection: session settings and database as after login. */
  reset(): void;
  close(): void;
}

/** What a login names. */
export interface LoginRequest {
  readonly user: string;
  readonly password: string;
  /** Empty: the login's default database. */
  readonly database: string;
  readonly applicationName: string;
  readonly hostName: string;
  /** The whole connection is encrypted, not its login alone. */
  readonly encrypted?: boolean;
  /** The server's own end of the connection. */
  readonly local?: LocalEnd;
}

/** An address and port on which a server was reached. */
export interface LocalEnd {
  readonly address: string;
  readonly port: number;
}

/** The data half as the wire half sees it. */
export interface SqlEngine {
  /** Full version such as `10.50.4000`. */
  readonly version: { readonly major: number; readonly minor: number; readonly build: number };
  readonly serverName: string;
  readonly collation: string;
  /** @throws SqlServerError 18456 (wrong login), 18486/18488-like states where configured, 4060 (database cannot be opened). */
  login(request: LoginRequest): SqlSession;
}

/** A table's or view's shape, as the generator defines it and the catalogue views (`INFORMATION_SCHEMA`, `sys`) report it. */
export interface TableDefinition {
  readonly name: string;
  readonly schema?: string;
  /** A view is stored as a table here; only the catalogue tells the difference. */
  readonly kind: 'table' | 'view';
  readonly columns: readonly ColumnDefinition[];
  readonly primaryKey?: readonly string[];
  readonly indexes?: readonly {
    readonly name: string;
    readonly columns: readonly string[];
    readonly unique?: boolean;
  }[];
}

/** A column as the catalogue knows it. */
export interface ColumnDefinition {
  readonly name: string;
  readonly type: SqlType;
  readonly nullable: boolean;
  readonly identity?: boolean;
}

/** How a database is set. */
export interface DatabaseSettings {
  /** READ_COMMITTED_SNAPSHOT: read committed reads versions of rows instead of waiting for locks. Off unless told. */
  readonly readCommittedSnapshot?: boolean;
}

/** A database under construction: the generator fills it, the engine serves it. */
export interface DatabaseBuilder {
  readonly name: string;
  defineTable(table: TableDefinition): void;
  /** Rows in the order of the definition's columns, as {@link SqlValue}s (char values are padded by the builder). Fast: one transaction. */
  insert(tableName: string, rows: Iterable<readonly SqlValue[]>): number;
}

/** A login of the simulated server. */
export interface LoginDefinition {
  readonly user: string;
  readonly password: string;
  readonly defaultDatabase: string;
  /** Databases it may open; absent: all. */
  readonly databases?: readonly string[];
  /** `reader`: SELECT alone; `writer`: also INSERT, UPDATE, DELETE; `sysadmin`: everything, and the catalogue says so. */
  readonly role: 'reader' | 'writer' | 'sysadmin';
  /** Tables (`dbo.Patients`) on which SELECT is denied: error 229; columns (`dbo.Patients.EMail`): error 230. */
  readonly denied?: readonly string[];
  /** Tables to which a reader may write all the same. */
  readonly writable?: readonly string[];
  /** A login failure to play instead of success, by SQL Server's number: 18456, 18470 (disabled), 18488 (must change password). */
  readonly failure?: number;
}
