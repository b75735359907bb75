import * as z from 'zod';
import type { QueueCredentials } from '@flynotes/carestream-server/api';

const requestSchema = z.object({
  queueUrl: z.url(),
  /** STS grants no less than 15 minutes; tests want less. */
  durationS: z.number().positive().optional(),
});

/** The one route of a web server that the issuer needs. */
interface Routes {
  post(
    path: string,
    handler: (
      request: { body: unknown },
      reply: { code(status: number): { send(body: unknown): unknown } },
    ) => Promise<unknown>,
  ): unknown;
}

/** Adds `POST /credentials`: what STS's GetFederationToken with a policy for one queue is on AWS. Loopback only. */
export function registerIssuer(
  routes: Routes,
  deps: { issue(queueUrl: string, durationS?: number): QueueCredentials; readonly mostS: number },
): void {
  routes.post('/credentials', async (request, reply) => {
    const parsed = requestSchema.safeParse(readBody(request.body));
    if (!parsed.success) return reply.code(400).send({ message: 'Send { queueUrl, durationS? }.' });
    return reply.code(200).send(deps.issue(parsed.data.queueUrl, parsed.data.durationS));
  });
}

/** fauxqs leaves bodies that are not its own as bytes. */
function readBody(body: unknown): unknown {
  if (!Buffer.isBuffer(body)) return body;
  try {
    return JSON.parse(body.toString('utf8'));
  } catch {
    return undefined;
  }
}
