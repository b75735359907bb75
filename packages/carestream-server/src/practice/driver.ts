import type { PackedRows } from './tds/packed-rows.ts';
import type { TlsOffer } from './tls-offer.ts';

/** Parameters of a statement: all of ours are numbers. */
export type Parameters = Readonly<Record<string, number>>;

/** A query: its text, its parameters, and how long it may take as a whole. */
export interface Query {
  readonly text: string;
  readonly parameters?: Parameters;
  readonly timeoutMs: number;
  /** Names that an error may repeat. */
  readonly identifiers?: readonly string[];
}

/** Result sets of rows of values, in the order of the SELECT lists. */
export type ResultSets = readonly (readonly (readonly unknown[])[])[];

/** One result set of many rows: as values, or as it came over the wire, unread. */
export type ManyRows = ResultSets[number] | PackedRows;

/**
 * One connection over one of the two ways to SQL Server: TCP by tedious, or ODBC in a process of its own. A driver bounds nothing
 * and queues nothing; whoever uses it asks one thing at a time and calls `drop` when that takes too long.
 *
 * Both give the same values for the same column: whole numbers and floats, money and decimal as number; bigint as text; bit as
 * boolean; dates and times as Date whose UTC fields are the naive wall time; GUIDs in capitals; binary as bytes; null.
 */
export interface Driver {
  /** What an error may call the server. */
  readonly host: string;
  /** Which TLS its connection has; unknown where the driver does not tell, and before it was opened. */
  readonly tls: TlsOffer;
  readonly connected: boolean;
  /** How long to wait before the next `open`: grows while what the driver runs on keeps ending by itself. */
  readonly pauseMs: number;
  /** The most that `open` should need; later than that it hangs. */
  readonly openWithinMs: number;
  /**
   * `ended`: nobody waits any more. What opens after that is closed at once, or it would keep the process alive.
   * @throws AgentError PRACTICE_…
   */
  open(ended: AbortSignal): Promise<void>;
  /** @throws AgentError PRACTICE_… */
  run(query: Query): Promise<ResultSets>;
  /** The same for one result set of many rows, where they can be had faster than the driver reads them. @throws AgentError PRACTICE_… */
  runMany?(query: Query): Promise<ManyRows>;
  /** Lets go of everything at once, whatever the server does; `open` begins anew. */
  drop(): void;
  /** Takes leave, within about a second, and drops. */
  close(): Promise<void>;
}
