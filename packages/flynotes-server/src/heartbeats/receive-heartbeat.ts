import type { Heartbeat } from '@flynotes/carestream-server/api';
import type { Database } from '../database/index.ts';
import { appendEvent } from '../events/index.ts';
import { json } from '../practices/index.ts';

/** Keeps a heartbeat. Nothing depends on one. */
export async function receiveHeartbeat(database: Database, practiceId: string, heartbeat: Heartbeat): Promise<void> {
  await database.transaction(async (sql) => {
    await sql.query('insert into heartbeats (practice_id, heartbeat) values ($1, $2::text::jsonb)', [
      practiceId,
      json(heartbeat),
    ]);
    await appendEvent(sql, practiceId, { type: 'heartbeat', heartbeat });
  });
}
