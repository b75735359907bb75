export { createFlynotesServer } from './server.ts';
export type { FlynotesServer, FlynotesServerOptions } from './server.ts';
export type { QueueOptions } from './queue/index.ts';
export type { DatabaseOptions } from './database/index.ts';
export { eventBodySchema, eventSchema } from './events/index.ts';
export type { EventBody, ServerEvent } from './events/index.ts';
export type { RequestLine } from './http/app.ts';
