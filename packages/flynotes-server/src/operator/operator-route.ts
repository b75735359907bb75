import { problemSchema, type PinnedKey } from '@flynotes/carestream-server/api';
import * as z from 'zod';
import type { Database } from '../database/index.ts';
import type { EventSignal } from '../events/index.ts';
import type { Practices } from '../practices/index.ts';
import type { QueueProvider } from '../queue/index.ts';
import type { Releases } from '../releases/index.ts';

/** What the operator's routes need. */
export interface OperatorDeps {
  readonly database: Database;
  readonly practices: Practices;
  readonly releases: Releases;
  readonly queues: QueueProvider | null;
  readonly eventSignal: EventSignal;
  /** The version that this server dictates by default. */
  readonly version: string;
  /** What hosts pin to verify this server's directives. */
  readonly signingKey: PinnedKey;
  readonly stopped: AbortSignal;
}

/** The practice in an address. */
export const practiceParams = z.object({ practiceId: z.string().max(64) });
/** How much of a list is wanted. */
export const listQuery = z.object({ limit: z.coerce.number().int().min(1).max(500).default(50) });
export const tags = ['operator'];
export const security = [{ operatorToken: [] }];
/** What the documentation says of a route. */
export const describe = <Schema extends z.ZodType>(summary: string, answer: Schema) => ({
  summary,
  tags,
  security,
  response: { 200: answer, '4xx': problemSchema, '5xx': problemSchema },
});
