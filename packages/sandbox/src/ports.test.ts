import { createServer, type AddressInfo, type Server } from 'node:net';
import { expect, test } from 'vitest';
import { takePorts } from './ports.ts';

function listen(port: number): Promise<Server> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(port, '127.0.0.1', () => resolve(server));
  });
}

test('a port that is taken is named, and the others are let go', async () => {
  const taken = await listen(0);
  const { port } = taken.address() as AddressInfo;
  // The taken one is the third of the five.
  await expect(takePorts(port - 2)).rejects.toThrow(/^Port \d+ is taken; choose others with --port-base\.$/);
  const again = await listen(0);
  for (const server of [taken, again]) await new Promise((resolve) => server.close(resolve));
  await expect(takePorts(port - 2)).resolves.toMatchObject({ r4: port - 2, rollbar: port });
});

test('five free ports', async () => {
  expect(new Set(Object.values(await takePorts(0))).size).toBe(5);
});
