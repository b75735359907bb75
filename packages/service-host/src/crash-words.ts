/** Keeps the end of what a process wrote to standard error, for the case that it crashes. */
export interface CrashWords {
  add(bytes: Uint8Array): void;
  /** Null when there is nothing that may be told. */
  tell(): string | null;
}

const keptBytesMost = 32_768;

/**
 * Of an error only its class, its code and the place in our own file are told. A message could quote what the agent had just read, and
 * this goes into a log and to Flynotes.
 */
export function createCrashWords(): CrashWords {
  let kept = Buffer.alloc(0);
  return {
    add(bytes) {
      kept = Buffer.concat([kept, bytes]).subarray(-keptBytesMost);
    },
    tell() {
      const text = kept.toString('utf8');
      if (/^FATAL ERROR:.*heap/m.test(text)) return 'out of memory: its heap is full';
      const names = [
        ...text.matchAll(/^(?:Uncaught )?((?:[A-Z][A-Za-z]{0,40})?Error)(?: \[([A-Z][A-Z0-9_]{0,60})\])?(?=:|$)/gm),
      ];
      const found = names.at(-1);
      if (found === undefined) return null;
      const code = found[2] ?? /^ {2}code: '([A-Z][A-Z0-9_]{0,60})'/m.exec(text)?.[1];
      const place = /[\\/](agent\.mjs:\d{1,7}(?::\d{1,7})?)/.exec(text)?.[1];
      return `${found[1]}${code === undefined ? '' : ` ${code}`}${place === undefined ? '' : ` at ${place}`}`;
    },
  };
}
