import type { FastifyInstance } from 'fastify';

/**
 * Headers for a browser, on every answer. Nothing may be framed, sniffed or kept: answers hold patients. What a page may load
 * is itself alone, and with `connectTo` one address more to call. `/docs` brings the policy of its own page.
 */
export function addSecurityHeaders(app: FastifyInstance, connectTo: string | null): void {
  const connect = connectTo === null ? '' : ` ${new URL(connectTo).origin}`;
  const policy = [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self' data:",
    `connect-src 'self'${connect}`,
    "form-action 'none'",
    "base-uri 'none'",
    "frame-ancestors 'none'",
  ].join('; ');
  app.addHook('onRequest', async (request, reply) => {
    const isDocs = /^\/docs(?:\/|$)/.test(request.routeOptions.url ?? '');
    void reply.headers({
      ...(isDocs ? {} : { 'content-security-policy': policy }),
      'x-content-type-options': 'nosniff',
      'x-frame-options': 'DENY',
      'referrer-policy': 'no-referrer',
      'cross-origin-resource-policy': 'same-origin',
      ...(request.routeOptions.url?.startsWith('/v1/') === true ? { 'cache-control': 'no-store' } : {}),
    });
  });
}
