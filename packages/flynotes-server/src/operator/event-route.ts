import * as z from 'zod';
import { parseCursor, streamEvents } from '../events/index.ts';
import type { App } from '../http/app.ts';
import { security, tags } from './operator-route.ts';
import type { OperatorDeps } from './operator-route.ts';

/** The stream of events. */
export function addEventRoute(operator: App, { database, eventSignal, practices, stopped }: OperatorDeps): void {
  operator.get(
    '/events',
    {
      schema: {
        summary: 'What happens, as server-sent events; goes on after `Last-Event-ID`',
        description:
          'Read it with `fetch`: an EventSource cannot send the token, which never stands in an address. After `event: missed` what is kept no longer reaches back to where the reader was: it should ask for the state anew.',
        tags,
        security,
        querystring: z.object({
          practice: z.string().max(64).optional(),
          after: z.string().max(60).optional(),
        }),
      },
    },
    async (request, reply) => {
      const { practice, after } = request.query;
      if (practice !== undefined) await practices.get(practice);
      const last = request.headers['last-event-id'] ?? after;
      reply.hijack();
      reply.raw.writeHead(200, {
        ...(reply.getHeaders() as Record<string, string>),
        'content-type': 'text/event-stream; charset=utf-8',
        'cache-control': 'no-store',
        connection: 'close',
        'x-accel-buffering': 'no',
      });
      const place = typeof last === 'string' ? parseCursor(last) : null;
      await streamEvents(
        { database, signal: eventSignal },
        { practiceId: practice ?? null, after: place },
        reply.raw,
        stopped,
      )
        // The database is away: the reader comes again by itself and goes on where it was.
        .catch(() => reply.raw.destroy());
    },
  );
}
