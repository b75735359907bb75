import { endOfRow, rowTokens, type PackedRows } from './packed-rows.ts';
import { readWireColumns } from './wire-columns.ts';

/** A server's answer without its rows, for the driver, and the rows. */
export interface DividedMessage {
  readonly rest: readonly Buffer[];
  /** Null where the driver has to read them: then `rest` is the whole answer. */
  readonly rows: PackedRows | null;
}

const colMetadata = 0x81;
/** Tokens of a fixed length, their type byte included ([MS-TDS] 2.2.4.2.1). */
const fixedTokens: Readonly<Record<number, number>> = {
  // RETURNSTATUS; DONE, DONEPROC, DONEINPROC
  0x79: 5,
  0xfd: 13,
  0xfe: 13,
  0xff: 13,
};
/** Tokens with a length of two bytes: ORDER, INFO, ERROR, ENVCHANGE. */
const sizedTokens = new Set([0xa9, 0xab, 0xaa, 0xe3]);

/**
 * Takes the rows out of an answer with one result set. The driver reads the rest, so that errors, and the end of the answer, are its
 * business as ever; and rows can be read later, elsewhere, all at once.
 */
export function divideMessage(message: Buffer<ArrayBuffer>): DividedMessage {
  const whole: DividedMessage = { rest: [message], rows: null };
  let at = 0;
  let found: { readonly start: number; readonly end: number; readonly rows: PackedRows } | null = null;
  while (at < message.length) {
    const token = message[at] ?? 0;
    const fixed = fixedTokens[token];
    if (fixed !== undefined) at += fixed;
    else if (sizedTokens.has(token)) {
      if (at + 3 > message.length) return whole;
      at += 3 + message.readUInt16LE(at + 1);
    } else if (token === colMetadata && found === null) {
      const read = readWireColumns(message, at + 1);
      if (read === null) return whole;
      const start = read.end;
      const starts: number[] = [];
      at = start;
      while (message[at] === rowTokens.row || message[at] === rowTokens.nbcRow) {
        starts.push(at - start);
        at = endOfRow(message, at, read.columns);
        if (at < 0) return whole;
      }
      found = { start, end: at, rows: { columns: read.columns, bytes: message.subarray(start, at), starts } };
    } else return whole;
  }
  if (found === null || at !== message.length) return whole;
  return { rest: [message.subarray(0, found.start), message.subarray(found.end)], rows: found.rows };
}
