/* oxlint-disable eslint/no-restricted-imports -- the driver that owns the log files */
import { closeSync, fstatSync, openSync, readdirSync, unlinkSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { makeFolder } from '../runtime/system-folder.ts';

/** A log on disk that never grows beyond its bounds and never throws. */
export interface LogFiles {
  /** Writes one line at once, so that a crash loses nothing. Returns false when it could not. */
  write(line: string): boolean;
  close(): void;
}

/** Options of {@link createLogFiles}. */
export interface LogFilesOptions {
  readonly folder: string;
  /** When a file is left for the next one. */
  readonly sizeBytes: number;
  /** How many files are kept. */
  readonly files: number;
}

const namePattern = /^agent-(\d{6,12})\.jsonl$/;

/**
 * Files `agent-000001.jsonl`, `agent-000002.jsonl`…: a new number instead of a rename, because Windows does not let an open file be
 * renamed, and whoever reads along keeps what he reads.
 */
export function createLogFiles(options: LogFilesOptions): LogFiles {
  let file: { readonly descriptor: number; readonly number: number; sizeBytes: number } | undefined;
  let torn = false;
  let closed = false;

  const numbers = (): number[] =>
    readdirSync(options.folder)
      .map((name) => namePattern.exec(name)?.[1])
      .filter((digits) => digits !== undefined)
      .map(Number)
      .sort((a, b) => a - b);

  const pathOf = (number: number): string => join(options.folder, `agent-${String(number).padStart(6, '0')}.jsonl`);

  const open = (number: number) => {
    const descriptor = openSync(pathOf(number), 'a', 0o640);
    file = { descriptor, number, sizeBytes: fstatSync(descriptor).size };
    return file;
  };

  const prune = (newest: number): void => {
    for (const number of numbers().filter((each) => each <= newest - options.files)) {
      try {
        unlinkSync(pathOf(number));
      } catch {
        // Someone reads it on Windows; the next rotation tries again.
      }
    }
  };

  const current = () => {
    if (!file) {
      makeFolder(options.folder);
      open(Math.max(1, ...numbers()));
      prune(file!.number);
    }
    if (file!.sizeBytes >= options.sizeBytes) {
      const next = file!.number + 1;
      const full = file!.descriptor;
      open(next);
      closeSync(full);
      prune(next);
    }
    return file!;
  };

  return {
    write(line) {
      if (closed) return false;
      try {
        const target = current();
        // After a write that stopped half-way, the next line begins on a line of its own.
        const bytes = Buffer.from(`${torn ? '\n' : ''}${line}\n`);
        let written = 0;
        while (written < bytes.length) {
          const count = writeSync(target.descriptor, bytes, written);
          written += count;
          target.sizeBytes += count;
          torn = written < bytes.length;
        }
        return true;
      } catch {
        return false;
      }
    },
    close() {
      closed = true;
      if (file) {
        try {
          closeSync(file.descriptor);
        } catch {
          // Nothing depends on it.
        }
      }
      file = undefined;
    },
  };
}
