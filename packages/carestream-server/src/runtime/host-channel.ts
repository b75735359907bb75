/* oxlint-disable eslint/no-restricted-imports -- the driver that owns the descriptor to the host */
import { fstatSync, writeSync } from 'node:fs';

/** The bits of a file's mode that tell its kind, and those of a pipe, a socket and a file. */
const kindBits = 0o170_000;
const kinds: ReadonlySet<number> = new Set([0o010_000, 0o140_000, 0o100_000]);

/** Writes lines to whoever started the process. */
export interface HostChannel {
  write(line: string): void;
}

/** A channel to nobody: without a host everything works, unreported. */
export const noHostChannel: HostChannel = { write: () => undefined };

/**
 * The channel behind a file descriptor that the host opened. Where nothing is open there, or something that is no channel (Node.js
 * itself takes free numbers), nothing is ever written.
 */
export function openHostChannel(descriptor: number): HostChannel {
  try {
    // Not `isFIFO()`: on Windows that is false for every pipe.
    if (!kinds.has(fstatSync(descriptor).mode & kindBits)) return noHostChannel;
  } catch {
    return noHostChannel;
  }
  return {
    write(line) {
      try {
        writeSync(descriptor, `${line}\n`);
      } catch {
        // A host that reads no more, or not fast enough: the next line tells the same.
      }
    },
  };
}
