import type { Sql } from '../database/index.ts';
import type { EventBody } from './event-schemas.ts';

/** The channel on which servers tell each other that there are new events. */
export const eventChannel = 'flynotes_events';

/** Writes an event in the transaction that makes it true. A patient's name is never written: it is looked up when told. */
export async function appendEvent(
  sql: Sql,
  practiceId: string,
  event: Exclude<EventBody, { type: 'patient-changed' }>,
): Promise<void> {
  await sql.query(
    `with appended as (insert into events (practice_id, type, body) values ($1, $2, $3::text::jsonb))
     select pg_notify('${eventChannel}', $1::text)`,
    [practiceId, event.type, JSON.stringify(event)],
  );
}
