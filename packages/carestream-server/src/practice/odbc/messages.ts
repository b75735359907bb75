/** What the agent says to the process that holds the ODBC driver. One request at a time; each has one answer. */
export type ToReader =
  | { readonly kind: 'open'; readonly connectionString: string; readonly connectTimeoutS: number }
  | { readonly kind: 'query'; readonly text: string; readonly values: readonly number[] };

/** What it answers. */
export type FromReader =
  /** Sent once, unasked: the native driver is loaded. */
  | { readonly kind: 'ready' }
  /** Sent once instead of `ready`, before it ends. */
  | { readonly kind: 'unusable'; readonly reason: DriverFault }
  | { readonly kind: 'opened' }
  | { readonly kind: 'rows'; readonly sets: readonly (readonly (readonly unknown[])[])[] }
  | { readonly kind: 'failed'; readonly errors: readonly OdbcError[]; readonly connected: boolean };

/** Why the native driver cannot be used: it is not there, a library that it needs is not there, or it is there and will not load. */
export type DriverFault = 'package-missing' | 'odbc-library-missing' | 'load-failed';

/** One diagnostic record of ODBC. Texts are for the agent's own reading: they may quote data. */
export interface OdbcError {
  /** SQL Server's number, or one of the driver's own. */
  readonly number: number;
  /** `08S01`. */
  readonly state: string;
  readonly message: string;
}
