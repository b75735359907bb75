import type { Sql } from '../database/index.ts';
import type { ServerEvent } from './event-schemas.ts';

/**
 * A place in the stream: transaction and number, written `tx-id`. Numbers alone would not do: a transaction that ends later
 * may hold lower ones, and a reader that had passed them would never see them.
 */
export type EventCursor = string & { readonly brand: 'EventCursor' };

/** Reads a `Last-Event-ID`; null where it is none of ours. */
export function parseCursor(text: string): EventCursor | null {
  return /^\d{1,19}-\d{1,19}$/.test(text) ? (text as EventCursor) : null;
}

/** Where the stream stands now. */
export async function currentCursor(sql: Sql): Promise<EventCursor> {
  const rows = await sql.query<{ cursor: EventCursor }>(
    `select pg_snapshot_xmin(pg_current_snapshot())::text || '-0' as cursor`,
  );
  return rows[0]?.cursor ?? ('0-0' as EventCursor);
}

/**
 * Whether a reader that comes back missed something for good: what followed its place was deleted since, or the place is of
 * another database (one that was set up anew, or restored).
 */
export async function isPlaceLost(sql: Sql, place: EventCursor): Promise<boolean> {
  const [tx = '0'] = place.split('-');
  const rows = await sql.query<{ lost: boolean }>(
    `select $1::text::xid8 <= coalesce((select tx from events_pruned), '0'::xid8)
       or $1::text::xid8 > pg_snapshot_xmax(pg_current_snapshot()) as lost`,
    [tx],
  );
  return rows[0]?.lost === true;
}

/** Events with the place after each. */
export interface EventPage {
  readonly events: { readonly cursor: EventCursor; readonly event: ServerEvent }[];
  /** Where to read on: also past events of other practices, so that they are not looked at again and again. */
  readonly next: EventCursor;
  /** True where events wait for a transaction that is still running: look again soon. */
  readonly more: boolean;
}

/** The next events after a place. Only what no running transaction can still precede is told. */
export async function readEvents(
  sql: Sql,
  after: EventCursor,
  options: { practiceId: string | null; rowsMost: number },
): Promise<EventPage> {
  const [tx = '0', id = '0'] = after.split('-');
  const found = await sql.query<{
    safe: EventCursor;
    cursor: EventCursor | null;
    practiceId: string;
    at: string;
    type: string;
    patientCode: number | null;
    body: Record<string, unknown>;
    name: string | null;
    hidden: boolean;
  }>(
    `select s.xmin::text || '-0' as safe, e.tx::text || '-' || e.id as cursor, e.practice_id as "practiceId", e.at, e.type, e.body,
       e.patient_code as "patientCode", e.tx >= s.xmin as hidden,
       nullif(concat_ws(' ', p.basics->>'title', p.basics->>'forename', p.basics->>'surname'), '') as name
     from (select pg_snapshot_xmin(pg_current_snapshot()) as xmin) s
     left join (
       select * from events where (tx, id) > ($1::text::xid8, $2::bigint) and ($3::text is null or practice_id = $3)
       order by tx, id limit $4
     ) e on true
     left join patients p on p.practice_id = e.practice_id and p.patient_code = e.patient_code
     order by e.tx, e.id`,
    [tx, Number(id), options.practiceId, options.rowsMost],
  );
  // Without an event there is one row all the same: it tells what is safe.
  const rows = found.flatMap(({ cursor, ...row }) => (cursor === null ? [] : [{ cursor, ...row }]));
  const events = rows
    .filter(({ hidden }) => !hidden)
    .map(({ cursor, practiceId, at, type, patientCode, body, name }) => ({
      cursor,
      event: {
        practiceId,
        at,
        body: { ...body, type, ...(type === 'patient-changed' ? { patientCode, name } : {}) },
      } as ServerEvent,
    }));
  const full = rows.length === options.rowsMost;
  const next = (full ? events.at(-1)?.cursor : found[0]?.safe) ?? after;
  return { events, next, more: full || rows.length > events.length };
}
