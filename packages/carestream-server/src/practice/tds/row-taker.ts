import { divideMessage } from './page-message.ts';
import type { PackedRows } from './packed-rows.ts';

/**
 * The part of tedious' connection that hands a message to its token parser; not of its public interface, so tests hold the two
 * together, and a connection without it is left as it is.
 */
interface ParsingConnection {
  createTokenStreamParser?: (message: AsyncIterable<Buffer>, handler: unknown) => unknown;
}

/** Takes rows out of answers before the driver reads them one value at a time. */
export interface RowTaker {
  /** Stands between a new connection and its parser. */
  watch(connection: object): void;
  /** Whether the rows of the next answer are kept here; those of an answer that nobody waited for are forgotten. */
  expect(rows: boolean): void;
  /** The rows of the answer since; null where there were none that could be taken, and the driver has read them. */
  take(): PackedRows | null;
}

/**
 * Creates a taker for one connection at a time. The driver makes an object of each value and several of each row: for a page of 2,000
 * patients that costs six times what everything here does.
 */
export function createRowTaker(): RowTaker {
  let taking = false;
  let taken: PackedRows | null = null;

  async function* withoutRows(message: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
    const parts: Buffer[] = [];
    for await (const part of message) parts.push(part);
    const { rest, rows } = divideMessage(Buffer.concat(parts));
    taken = rows;
    yield* rest;
  }

  return {
    watch(connection) {
      const watched = connection as ParsingConnection;
      const parse = watched.createTokenStreamParser?.bind(connection);
      if (parse === undefined) return;
      watched.createTokenStreamParser = (message, handler) => parse(taking ? withoutRows(message) : message, handler);
    },
    expect(rows) {
      taking = rows;
      taken = null;
    },
    take() {
      const rows = taken;
      taking = false;
      taken = null;
      return rows;
    },
  };
}
