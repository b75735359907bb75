import type { CommandResult } from '@flynotes/carestream-server/api';
import type { Database } from '../database/index.ts';
import { appendEvent } from '../events/index.ts';
import { json } from '../practices/index.ts';

/**
 * Stores how a message ended. One that failed comes back to the practice and may be done at last: a newer word takes a failure's place. Any
 * other is the last one, and a repeat changes nothing.
 */
export async function receiveCommandResult(
  database: Database,
  practiceId: string,
  result: CommandResult,
): Promise<void> {
  await database.transaction(async (sql) => {
    const [stored] = await sql.query<{ messageId: string }>(
      `insert into command_results (practice_id, message_id, result) values ($1, $2, $3::text::jsonb)
       on conflict (practice_id, message_id) do update set result = excluded.result, received_at = now()
         where command_results.result->>'outcome' = 'failed'
           and (command_results.result->>'at')::timestamptz < (excluded.result->>'at')::timestamptz
       returning message_id as "messageId"`,
      [practiceId, result.messageId, json(result)],
    );
    if (stored !== undefined) await appendEvent(sql, practiceId, { type: 'command-result', result });
  });
}
