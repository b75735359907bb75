import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { createServer, request, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { connect, createServer as createTcpServer, type AddressInfo, type Socket } from 'node:net';
import path from 'node:path';
import * as z from 'zod';

const agentCli = path.resolve(import.meta.dirname, '../../packages/carestream-server/src/cli/main.ts');

/** What `doctor --json` promises. */
export const examinationSchema = z.strictObject({
  ok: z.boolean(),
  checks: z.array(
    z.strictObject({
      name: z.string(),
      status: z.enum(['pass', 'warn', 'fail', 'not-checked']),
      code: z.string().nullable(),
      ms: z.number(),
      found: z.string().min(1),
      todo: z.string().nullable(),
    }),
  ),
});
/** @see {@link examinationSchema} */
export type Examined = z.infer<typeof examinationSchema>;

/** Runs the agent's command line to its end. */
export async function runCli(
  words: readonly string[],
  environment: NodeJS.ProcessEnv = {},
): Promise<{ exitCode: number | null; output: string; errors: string }> {
  const child = spawn(
    process.execPath,
    ['--conditions=@flynotes/source', '--disable-warning=ExperimentalWarning', agentCli, ...words],
    {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { PATH: process.env['PATH'], HOME: process.env['HOME'], ...environment },
    },
  );
  let output = '';
  let errors = '';
  child.stdout.setEncoding('utf8').on('data', (part: string) => (output += part));
  child.stderr.setEncoding('utf8').on('data', (part: string) => (errors += part));
  const [exitCode] = (await once(child, 'close')) as [number | null];
  return { exitCode, output, errors };
}

/** Runs `doctor --json` with a configuration, which may be any text. */
export async function examined(
  folder: string,
  content: Readonly<Record<string, unknown>> | string,
  environment: NodeJS.ProcessEnv = {},
): Promise<Examined & { exitCode: number | null; output: string }> {
  const file = path.join(folder, 'doctor.json');
  writeFileSync(file, typeof content === 'string' ? content : JSON.stringify(content));
  const { exitCode, output, errors } = await runCli(['doctor', '--json', '--config', file], environment);
  if (errors !== '') throw new Error(errors);
  const lines = output.split('\n');
  if (lines.length !== 2 || lines[1] !== '') throw new Error(`not exactly one line: ${output}`);
  return { ...examinationSchema.parse(JSON.parse(output)), exitCode, output };
}

/** A server of this process on a free port of the loopback. */
export interface Listening extends AsyncDisposable {
  readonly port: number;
  readonly url: string;
}

/** Serves HTTP, or HTTPS with a server that was made for it. */
export async function listen(server: Server, scheme: 'http' | 'https' = 'http'): Promise<Listening> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    port,
    url: `${scheme}://127.0.0.1:${port}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

/** Answers every request by a function. */
export const serve = (answer: (request: IncomingMessage, response: ServerResponse) => void): Promise<Listening> =>
  listen(createServer(answer));

/** Stands before a server and changes what it answers, or answers itself by returning true. */
export function front(
  behind: string,
  change: {
    readonly headers?: Readonly<Record<string, string>>;
    readonly body?: (text: string) => string;
    readonly instead?: (request: IncomingMessage, response: ServerResponse) => boolean;
  },
): Promise<Listening> {
  return serve((incoming, outgoing) => {
    if (change.instead?.(incoming, outgoing) === true) return;
    const { host: _, ...headers } = incoming.headers;
    const target = new URL(incoming.url ?? '/', behind);
    const onward = request(target, { method: incoming.method, headers }, (answer) => {
      const chunks: Buffer[] = [];
      answer.on('data', (chunk: Buffer) => chunks.push(chunk));
      answer.on('end', () => {
        const text = Buffer.concat(chunks).toString();
        const { 'content-length': _length, 'transfer-encoding': _coding, ...rest } = answer.headers;
        outgoing.writeHead(answer.statusCode ?? 500, { ...rest, ...change.headers });
        outgoing.end(change.body ? change.body(text) : text);
      });
    });
    onward.on('error', () => outgoing.destroy());
    incoming.pipe(onward);
  });
}

/** Accepts connections and never says a word, as a firewall that swallows does. */
export async function blackHole(): Promise<Listening> {
  const sockets = new Set<{ destroy(): void }>();
  const server = createTcpServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    port,
    url: `http://127.0.0.1:${port}`,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

/** Passes so many connections on to a port of this machine, and hangs up on all others. */
export async function letThrough(port: number, connections: number): Promise<Listening> {
  let left = connections;
  const sockets = new Set<Socket>();
  const server = createTcpServer((socket) => {
    left -= 1;
    const onward = connect({ host: '127.0.0.1', port });
    for (const each of [socket, onward]) sockets.add(each.on('error', () => undefined));
    if (left < 0) {
      socket.destroy();
      onward.destroy();
      return;
    }
    socket.pipe(onward).pipe(socket);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port: own } = server.address() as AddressInfo;
  return {
    port: own,
    url: `http://127.0.0.1:${own}`,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

/** A port on which nobody listens. */
export async function closedPort(): Promise<number> {
  await using hole = await blackHole();
  return hole.port;
}
