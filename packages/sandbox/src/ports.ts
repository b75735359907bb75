import { createServer, type AddressInfo } from 'node:net';

/** Where each part listens, all on loopback. */
export interface SandboxPorts {
  readonly r4: number;
  readonly sqs: number;
  readonly rollbar: number;
  readonly flynotes: number;
  readonly desk: number;
}

/** The parts in the order of their ports above the base. */
const order = ['r4', 'sqs', 'rollbar', 'flynotes', 'desk'] as const satisfies readonly (keyof SandboxPorts)[];

/** The base where none is given. */
export const defaultPortBase = 4600;

/**
 * Ports from `base` upward, or five free ones where `base` is 0.
 * @throws Error naming a port that is taken
 */
export async function takePorts(base: number): Promise<SandboxPorts> {
  const held = await Promise.allSettled(order.map((_, index) => hold(base === 0 ? 0 : base + index)));
  const servers = held.filter((each) => each.status === 'fulfilled').map(({ value }) => value);
  const ports = servers.map((server) => (server.address() as AddressInfo).port);
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  for (const each of held) if (each.status === 'rejected') throw each.reason;
  return Object.fromEntries(order.map((name, index) => [name, ports[index]])) as unknown as SandboxPorts;
}

function hold(port: number): Promise<ReturnType<typeof createServer>> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', () => reject(new Error(`Port ${port} is taken; choose others with --port-base.`)));
    server.listen(port, '127.0.0.1', () => resolve(server));
  });
}
