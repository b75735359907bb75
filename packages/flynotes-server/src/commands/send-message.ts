import { messageSchemaVersion, serializeMessage } from '@flynotes/carestream-server/messages';
import type { Message, MessageInput } from '@flynotes/carestream-server/messages';
import type { Database } from '../database/index.ts';
import { appendEvent } from '../events/index.ts';
import { problemError } from '../http/index.ts';
import { json } from '../practices/index.ts';
import type { Practice, Practices } from '../practices/index.ts';
import type { QueueProvider } from '../queue/index.ts';

/** Puts a message into a practice's queue and notes that it was sent. */
export async function sendMessage(
  deps: { database: Database; practices: Practices; queues: QueueProvider | null },
  practice: Practice,
  input: MessageInput,
): Promise<{ messageId: string; requestedAt: string }> {
  if (deps.queues === null) throw problemError('QUEUE_MISSING', { detail: 'This server was started without queues.' });
  const queue = await deps.practices.withQueue(practice);
  const requestedAt = input.requestedAt ?? new Date().toISOString();
  const message = { schemaVersion: messageSchemaVersion, ...input, requestedAt } as Message;
  const { messageId } = await deps.queues.send(queue, serializeMessage(message));
  await deps.database.transaction(async (sql) => {
    await sql.query(
      'insert into commands (practice_id, message_id, message) values ($1, $2, $3::text::jsonb) on conflict do nothing',
      [practice.id, messageId, json(message)],
    );
    await appendEvent(sql, practice.id, {
      type: 'command-sent',
      messageId,
      messageType: message.type,
      requestedAt,
      ...(message.type === 'patient-sync' ? { patientCode: message.patientCode } : {}),
    });
  });
  return { messageId, requestedAt };
}
