import { AgentError, type EventFields } from '../runtime/index.ts';

/** What a person asks to see at Rollbar. */
export type RequestedEvent = 'command.test' | 'command.questions' | 'command.preset-answers';

/** Stores, until Rollbar has it, what a person asked to see there. */
export interface Reporter {
  /** False when it could not be stored; then it may be lost with this process. */
  require<Name extends RequestedEvent>(name: Name, fields: EventFields<Name>): boolean;
}

/**
 * Hands one event over durably, so that the message may be acknowledged.
 * @throws AgentError REPORT_UNDELIVERED when it could not be stored: the message comes back
 */
export function report<Name extends RequestedEvent>(reporter: Reporter, name: Name, fields: EventFields<Name>): void {
  if (!reporter.require(name, fields)) throw new AgentError('REPORT_UNDELIVERED', { details: { stored: false } });
}
