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

/** Events with the place after each. */
export interface EventPage {
  readonly events: { readonly cursor: EventCursor; readonly event: ServerEvent }[];
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
  const rows = await sql.query<{
    cursor: EventCursor;
    practiceId: string;
    at: string;
    type: string;
    patientCode: number | null;
    body: Record<string, unknown>;
    name: string | null;
    hidden: boolean;
  }>(
    `select e.tx::text || '-' || e.id as cursor, e.practice_id as "practiceId", e.at, e.type, e.body,
       e.patient_code as "patientCode", e.tx >= pg_snapshot_xmin(pg_current_snapshot()) as hidden,
       nullif(concat_ws(' ', p.basics->>'title', p.basics->>'forename', p.basics->>'surname'), '') as name
     from events e
     left join patients p on p.practice_id = e.practice_id and p.patient_code = e.patient_code
     where (e.tx, e.id) > ($1::text::xid8, $2::bigint) and ($3::text is null or e.practice_id = $3)
     order by e.tx, e.id limit $4`,
    [tx, Number(id), options.practiceId, options.rowsMost],
  );
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
  return { events, more: rows.length > events.length || rows.length === options.rowsMost };
}
