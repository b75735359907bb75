export { stateSchema } from './migrations.ts';
export { openState, stateLimits, type State, type StateLimits, type StateOptions } from './state.ts';
export type { DoubtfulPatient, Findings } from './findings.ts';
export type { Inbox } from './inbox.ts';
export type { DigestOfPatient, Ledger, LedgerEntry } from './ledger.ts';
export type { Notes } from './notes.ts';
export type { Outbox, OutboxItem, OutboxKind, OutboxLimits } from './outbox.ts';
export type { Refusal, Refusals } from './refusals.ts';
export { isRunning, readState, type StateView } from './read-state.ts';
