import type { DatabaseSync } from 'node:sqlite';
import { guarded } from './sqlite-errors.ts';
import { lightly } from './transaction.ts';

/** Small facts that outlive the process: the last pass, when both sides were last equal, the run marker. Never of a patient. */
export interface Notes {
  get(key: string): string | null;
  set(key: string, value: string): void;
  /** As {@link Notes.set}, without waiting for the disk: for what may be older after the power went. */
  setLightly(key: string, value: string): void;
  delete(key: string): void;
}

/** @see {@link createNotes} */
export const noteSql = {
  get: 'SELECT value FROM note WHERE key = ?',
  set: 'INSERT INTO note (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value',
  delete: 'DELETE FROM note WHERE key = ?',
} as const;

/** @see {@link Notes} */
export function createNotes(database: DatabaseSync): Notes {
  const get = database.prepare(noteSql.get);
  const set = database.prepare(noteSql.set);
  const remove = database.prepare(noteSql.delete);
  return {
    get: (key) => guarded(() => (get.get(key) as { value: string } | undefined)?.value ?? null),
    set: (key, value) => {
      guarded(() => set.run(key, value));
    },
    setLightly: (key, value) => {
      guarded(() => lightly(database, () => set.run(key, value)));
    },
    delete: (key) => {
      guarded(() => remove.run(key));
    },
  };
}
