import type { DatabaseSync } from 'node:sqlite';
import type { Clock } from '../runtime/index.ts';
import { guarded } from './sqlite-errors.ts';
import { inSlices, inTransaction } from './transaction.ts';

/** What waits for delivery. Each kind has its own caps, so that a flood of one never pushes out the other. */
export type OutboxKind = 'rollbar' | 'command-result';

/** One thing to be delivered. */
export interface OutboxItem {
  readonly id: number;
  readonly kind: OutboxKind;
  readonly payloadJson: string;
  /** Milliseconds since 1970. */
  readonly addedAt: number;
}

/** How much of one kind is kept; the oldest goes first. */
export interface OutboxLimits {
  readonly rowsMost: number;
  readonly bytesMost: number;
}

/** What must reach someone, kept until it has. */
export interface Outbox {
  add(kind: OutboxKind, payloadJson: string): void;
  /** The oldest items, of one kind or of all. */
  next(limit: number, kind?: OutboxKind): OutboxItem[];
  delete(ids: readonly number[]): void;
  /** Counts anew what it holds: a transaction around it was undone. */
  recount(): void;
  /** How many items wait. */
  size(kind?: OutboxKind): number;
  /** How many items were dropped for want of room since this was last {@link Outbox.forgetDropped | forgotten}. */
  dropped(kind: OutboxKind): number;
  /** Takes reported drops off the count. */
  forgetDropped(kind: OutboxKind, count: number): void;
}

/** @see {@link createOutbox} */
export const outboxSql = {
  add: 'INSERT INTO outbox (kind, payload, size_bytes, added_at) VALUES (?, ?, ?, ?)',
  next: 'SELECT id, kind, payload, added_at FROM outbox ORDER BY id LIMIT ?',
  nextOfKind: 'SELECT id, kind, payload, added_at FROM outbox WHERE kind = ? ORDER BY id LIMIT ?',
  oldest: 'SELECT id, size_bytes FROM outbox WHERE kind = ? ORDER BY id LIMIT 1',
  delete: 'DELETE FROM outbox WHERE id = ? RETURNING kind, size_bytes',
  totals: 'SELECT count(*) AS items, coalesce(sum(size_bytes), 0) AS bytes FROM outbox WHERE kind = ?',
  dropped: 'SELECT value FROM counter WHERE name = ?',
  addDropped: `INSERT INTO counter (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = max(0, value + excluded.value)`,
} as const;

const kinds: readonly OutboxKind[] = ['rollbar', 'command-result'];

/** @see {@link Outbox} */
export function createOutbox(
  database: DatabaseSync,
  clock: Pick<Clock, 'now'>,
  limits: Readonly<Record<OutboxKind, OutboxLimits>>,
): Outbox {
  const add = database.prepare(outboxSql.add);
  const next = database.prepare(outboxSql.next);
  const nextOfKind = database.prepare(outboxSql.nextOfKind);
  const oldest = database.prepare(outboxSql.oldest);
  const remove = database.prepare(outboxSql.delete);
  const dropped = database.prepare(outboxSql.dropped);
  const addDropped = database.prepare(outboxSql.addDropped);
  const totalsOf = (kind: OutboxKind) =>
    guarded(() => database.prepare(outboxSql.totals).get(kind)) as unknown as { items: number; bytes: number };
  // Only this process writes, so the totals are counted once and kept up to date.
  const totals = { rollbar: totalsOf('rollbar'), 'command-result': totalsOf('command-result') };

  const size = (kind?: OutboxKind) =>
    kind ? totals[kind].items : kinds.reduce((sum, each) => sum + totals[each].items, 0);

  const recount = (): void => {
    for (const kind of kinds) totals[kind] = totalsOf(kind);
  };

  function deleteOne(id: number): void {
    const gone = remove.get(id) as { kind: OutboxKind; size_bytes: number } | undefined;
    if (!gone) return;
    totals[gone.kind].items -= 1;
    totals[gone.kind].bytes -= gone.size_bytes;
  }

  return {
    add(kind, payloadJson) {
      const sizeBytes = Buffer.byteLength(payloadJson);
      const { rowsMost, bytesMost } = limits[kind];
      try {
        inTransaction(database, () => {
          let lost = 0;
          while (
            totals[kind].items > 0 &&
            (totals[kind].items >= rowsMost || totals[kind].bytes + sizeBytes > bytesMost)
          ) {
            const first = oldest.get(kind) as { id: number } | undefined;
            if (!first) break;
            deleteOne(first.id);
            lost += 1;
          }
          if (sizeBytes > bytesMost) lost += 1;
          else {
            add.run(kind, payloadJson, sizeBytes, Math.floor(clock.now()));
            totals[kind].items += 1;
            totals[kind].bytes += sizeBytes;
          }
          if (lost > 0) addDropped.run(`outbox-dropped-${kind}`, lost);
        });
      } catch (error) {
        totals[kind] = totalsOf(kind);
        throw error;
      }
    },
    next: (limit, kind) =>
      guarded(() => {
        const rows = kind ? nextOfKind.all(kind, limit) : next.all(limit);
        return (rows as { id: number; kind: OutboxKind; payload: string; added_at: number }[]).map((row) => ({
          id: row.id,
          kind: row.kind,
          payloadJson: row.payload,
          addedAt: row.added_at,
        }));
      }),
    delete(ids) {
      try {
        inSlices(database, ids, deleteOne);
      } catch (error) {
        recount();
        throw error;
      }
    },
    recount,
    size,
    dropped: (kind) =>
      guarded(() => (dropped.get(`outbox-dropped-${kind}`) as { value: number } | undefined)?.value ?? 0),
    forgetDropped: (kind, count) => {
      guarded(() => addDropped.run(`outbox-dropped-${kind}`, -count));
    },
  };
}
