import * as z from 'zod';
import type { Directive, ErrorCode, PinnedKey } from '../contract/index.ts';
import type { Clock } from '../runtime/index.ts';

/** Small facts that outlive the process. */
export interface UpdateNotes {
  get(key: string): string | null;
  set(key: string, value: string): void;
}

/** What is remembered about versions from one process to the next. */
export interface UpdateMemory {
  /**
   * The highest sequence and floor that were accepted from a key that is still pinned: a thief of the key may have raised both beyond
   * what any honest directive would ever reach.
   * @param pinned - whose signatures count; null: nobody pinned any
   */
  seen(pinned: readonly PinnedKey[] | null): { readonly sequence: number; readonly floor: string | null };
  accept(directive: Directive, keyId: string): void;
  /** True where ending for want of this release is due: once for each release, attempt and `afterMs`. It is noted before. */
  mayEnd(directive: Directive, afterMs: number): boolean;
  /** True the first time that this is told of this release and attempt. */
  tellOnce(directive: Directive, code: ErrorCode): boolean;
  /** True where it could be noted that this release was offered to the host. */
  offer(directive: Directive): boolean;
  wasOffered(directive: Directive, withinMs: number): boolean;
  /** What runs is what is dictated: an offer was taken, or is off. */
  forgetOffer(): void;
}

const releaseSchema = z.object({ version: z.string(), sha512: z.string(), attempt: z.number() });
const timedSchema = releaseSchema.extend({ atMs: z.number() });
const toldSchema = releaseSchema.extend({ codes: z.array(z.string()) });

const keys = {
  sequence: 'directive.sequence',
  floor: 'directive.floor',
  signer: 'directive.key',
  tried: 'update.tried',
  told: 'update.told',
  offered: 'update.offered',
} as const;

/** @see {@link UpdateMemory} */
export function createUpdateMemory(notes: UpdateNotes, clock: Pick<Clock, 'now'>): UpdateMemory {
  const releaseOf = ({ version, releaseSha512 = '', attempt }: Directive) => ({
    version,
    sha512: releaseSha512.slice(0, 16),
    attempt,
  });
  const same = (noted: z.infer<typeof releaseSchema> | null, directive: Directive): boolean => {
    const { version, sha512, attempt } = releaseOf(directive);
    return noted?.version === version && noted.sha512 === sha512 && noted.attempt === attempt;
  };
  const read = <Value>(key: string, schema: z.ZodType<Value>): Value | null => {
    try {
      const text = notes.get(key);
      return text === null ? null : schema.parse(JSON.parse(text));
    } catch {
      return null;
    }
  };
  /** True where the note can be read back; a full disk keeps nothing. */
  const write = (key: string, value: object): boolean => {
    const text = JSON.stringify(value);
    notes.set(key, text);
    return notes.get(key) === text;
  };
  const isRecent = (noted: z.infer<typeof timedSchema> | null, directive: Directive, ms: number): boolean => {
    const now = clock.now();
    return noted !== null && same(noted, directive) && noted.atMs <= now && now - noted.atMs < ms;
  };

  return {
    seen(pinned) {
      const signer = notes.get(keys.signer);
      if (pinned !== null && signer !== null && !pinned.some(({ keyId }) => keyId === signer)) {
        return { sequence: 0, floor: null };
      }
      return { sequence: Number(notes.get(keys.sequence) ?? 0), floor: notes.get(keys.floor) };
    },
    accept(directive, keyId) {
      notes.set(keys.signer, keyId);
      notes.set(keys.sequence, String(directive.sequence));
      notes.set(keys.floor, directive.floor);
    },
    mayEnd(directive, afterMs) {
      if (isRecent(read(keys.tried, timedSchema), directive, afterMs)) return false;
      return write(keys.tried, { ...releaseOf(directive), atMs: clock.now() });
    },
    tellOnce(directive, code) {
      const told = read(keys.told, toldSchema);
      const codes = told !== null && same(told, directive) ? told.codes : [];
      if (codes.includes(code)) return false;
      write(keys.told, { ...releaseOf(directive), codes: [...codes, code] });
      return true;
    },
    offer: (directive) => write(keys.offered, { ...releaseOf(directive), atMs: clock.now() }),
    wasOffered: (directive, withinMs) => isRecent(read(keys.offered, timedSchema), directive, withinMs),
    forgetOffer() {
      if (notes.get(keys.offered) !== null) notes.set(keys.offered, '');
    },
  };
}
