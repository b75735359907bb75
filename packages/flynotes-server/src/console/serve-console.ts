import { fileURLToPath } from 'node:url';
import fastifyStatic from '@fastify/static';
import type { App } from '../http/app.ts';

/** What the page is told before it knows a token. */
export interface ConsoleConfig {
  /** The sandbox's reception desk; null in production. */
  readonly deskUrl: string | null;
  readonly version: string;
}

/** Serves the console's page at `/` and what it needs to begin at `/console/config.json`. */
export async function serveConsole(
  app: App,
  config: ConsoleConfig,
  sandboxPractices: () => Promise<{ id: string; name: string }[]>,
): Promise<void> {
  await app.register(fastifyStatic, { root: fileURLToPath(new URL('./page/', import.meta.url)), cacheControl: false });
  app.get('/console/config.json', { schema: { hide: true } }, async () => ({
    ...config,
    // Whose practices there are is nobody's business without a token, but for the sandbox's invented ones.
    practices: config.deskUrl === null ? [] : await sandboxPractices(),
  }));
}
