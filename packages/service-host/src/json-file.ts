import { readFileSync, statSync } from 'node:fs';

/** What a JSON file may hold at most; a larger one is not ours. */
const sizeBytesMost = 2_000_000;

/** Any JSON object whose fields nobody has looked at yet. */
export type JsonObject = Readonly<Record<string, unknown>>;

/** Narrows to {@link JsonObject}. */
export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Parses an object out of text; null for everything else. */
export function parseObject(text: string): JsonObject | null {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : null;
  } catch {
    return null;
  }
}

/** Reads a small JSON file; null where it is missing, unreadable, huge, or no object. */
export function readObject(file: string): JsonObject | null {
  try {
    const found = statSync(file);
    if (!found.isFile() || found.size > sizeBytesMost) return null;
    // Notepad writes a byte order mark, which JSON does not know.
    return parseObject(readFileSync(file, 'utf8').replace(/^\uFEFF/, ''));
  } catch {
    return null;
  }
}

/** A field that is a string of a form; null otherwise. */
export function stringOf(value: unknown, form: RegExp): string | null {
  return typeof value === 'string' && form.test(value) ? value : null;
}

/** A field that is a whole number of at least `least`; null otherwise. */
export function wholeOf(value: unknown, least: number): number | null {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= least ? value : null;
}
