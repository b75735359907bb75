import { expect, it } from 'vitest';
import { startServer } from '../testing/server-under-test.ts';

/** Between two heartbeats of an agent. */
const heartbeatEveryS = 60;

it('keeps a silent connection for longer than there is between two heartbeats, and says so', async () => {
  const server = await startServer({});
  try {
    const response = await fetch(`${server.url}/v1/licence`);
    await response.text();
    const [, seconds] = /^timeout=(\d+)$/.exec(response.headers.get('keep-alive') ?? '') ?? [];
    // Clients let go of a connection a little before the server would.
    expect(Number(seconds)).toBeGreaterThanOrEqual(heartbeatEveryS + 10);
  } finally {
    await server.close();
  }
});
