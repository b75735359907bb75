export { appendEvent, eventChannel } from './append-event.ts';
export { eventBodySchema, eventSchema, patientChangedSchema } from './event-schemas.ts';
export type { EventBody, ServerEvent } from './event-schemas.ts';
export { createEventSignal } from './event-signal.ts';
export type { EventSignal } from './event-signal.ts';
export { streamEvents } from './stream-events.ts';
export { parseCursor } from './read-events.ts';
