import type { Removal } from '../contract/index.ts';
import type { LedgerEntry } from '../state/index.ts';

/** A patient to be sent. */
export interface Change extends LedgerEntry {
  /** The record as it travels, in UTF-8: so many bytes at the beginning. Only lent: whoever keeps it copies it before the next row is judged. */
  readonly json: Buffer;
  readonly jsonBytes: number;
}

/** What a batch holds besides patients. */
export interface BatchHead {
  readonly n: number;
  readonly round: number;
  readonly removals: readonly Removal[];
}

/** Patients of a batch as they travel, put together while they are read: no text is made of them on the way. */
export interface BatchBody {
  /** What becomes of the ledger when they are acknowledged, in order. */
  readonly changes: readonly LedgerEntry[];
  add(change: Change): void;
  /**
   * A request's body with those from one place to another. Where it is all of them, it lies in this body's own memory: nothing more may be
   * added before {@link BatchBody.clear}, which comes when it has been sent.
   */
  bytesOf(head: BatchHead, from: number, to: number): Uint8Array<ArrayBuffer>;
  clear(): void;
}

/** About a thousand patients with what stands around them. */
const firstBytes = 393_216;
/** Room for what comes before the patients. */
const headBytes = 64;
const itemEnd = Buffer.from('},');

/** @see {@link BatchBody} */
export function createBatchBody(): BatchBody {
  let bytes = Buffer.alloc(firstBytes);
  let length = headBytes;
  const changes: LedgerEntry[] = [];
  /** Where each patient begins, comma not included. */
  const starts: number[] = [];
  let opening = { of: -1, text: Buffer.alloc(0) };

  const makeRoom = (more: number): void => {
    if (length + more <= bytes.length) return;
    const larger = Buffer.alloc(2 * (length + more));
    bytes.copy(larger, 0, 0, length);
    bytes = larger;
  };
  const put = (part: Uint8Array): void => {
    bytes.set(part, length);
    length += part.length;
  };

  return {
    changes,
    add({ patientCode, digest, readSequence, json, jsonBytes }) {
      // All rows of a page bear the same number.
      if (opening.of !== readSequence) {
        opening = { of: readSequence, text: Buffer.from(`{"readSequence":${readSequence},"basics":`) };
      }
      makeRoom(opening.text.length + jsonBytes + itemEnd.length);
      starts.push(length);
      changes.push({ patientCode, digest, readSequence });
      put(opening.text);
      length += json.copy(bytes, length, 0, jsonBytes);
      put(itemEnd);
    },
    bytesOf({ n, round, removals }, from, to) {
      const before = Buffer.from(`{"n":${n},"round":${round},"patients":[`);
      const after = Buffer.from(`],"removals":${JSON.stringify(removals)}}`);
      const [start, end] = [starts[from] ?? length, starts[to] ?? length];
      if (from === 0 && to === changes.length) {
        makeRoom(after.length);
        const begin = headBytes - before.length;
        bytes.set(before, begin);
        return bytes.subarray(begin, putAfter(bytes, end - (to > from ? 1 : 0), after));
      }
      const own = Buffer.alloc(before.length + end - start + after.length);
      own.set(before);
      bytes.copy(own, before.length, start, end);
      return own.subarray(0, putAfter(own, before.length + end - start - (to > from ? 1 : 0), after));
    },
    clear() {
      length = headBytes;
      changes.length = 0;
      starts.length = 0;
    },
  };
}

/** The last patient's comma makes way for what comes after it. @returns where that ends */
function putAfter(bytes: Uint8Array, at: number, after: Uint8Array): number {
  bytes.set(after, at);
  return at + after.length;
}
