import { eventTable, AgentError, type Clock, type EventFields, type EventName } from '../runtime/index.ts';
import { checkFields } from './fields.ts';
import { rollbarItemOf, type Sender } from './rollbar-item.ts';
import { rollbarEndpoint, sendRollbarItem } from './rollbar-sender.ts';

/** Where one event goes, and who sends it. */
export interface Submission {
  readonly clock: Pick<Clock, 'now'>;
  readonly accessToken: string;
  readonly environment: string;
  /** Rollbar's own unless told. */
  readonly endpoint?: string | undefined;
  readonly sender: Sender;
}

/**
 * Sends one declared event at once, past log and outbox: for whoever wants to know whether reports arrive.
 * @throws AgentError REPORT_UNDELIVERED
 */
export async function submitEvent<Name extends EventName>(
  event: { readonly name: Name; readonly fields: EventFields<Name> },
  submission: Submission,
  signal: AbortSignal,
): Promise<void> {
  const { clock, sender, accessToken, environment } = submission;
  const { fields } = checkFields(event.name, event.fields);
  const { level } = eventTable[event.name];
  const item = rollbarItemOf({ name: event.name, level, atMs: clock.now(), fields }, sender);
  const endpoint = submission.endpoint ?? rollbarEndpoint;
  const delivery = await sendRollbarItem(JSON.stringify(item), { accessToken, environment, endpoint }, signal);
  if (delivery.outcome === 'delivered') return;
  const details = delivery.outcome === 'refused' ? { status: delivery.status } : {};
  throw new AgentError('REPORT_UNDELIVERED', { details });
}
