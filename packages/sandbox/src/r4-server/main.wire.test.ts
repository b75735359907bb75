import { spawn, type ChildProcess } from 'node:child_process';
import { createServer, type AddressInfo } from 'node:net';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { Connection, Request } from 'tedious';
import { afterEach, describe, expect, it } from 'vitest';

const script = fileURLToPath(new URL('main.ts', import.meta.url));

interface Server {
  readonly child: ChildProcess;
  /** The next JSON line that it prints. */
  next(): Promise<Record<string, unknown>>;
  readonly ended: Promise<number | null>;
  stderr(): string;
}

const started: ChildProcess[] = [];
afterEach(() => {
  for (const child of started.splice(0)) child.kill('SIGKILL');
});

const start = (args: readonly string[], ipc = false): Server => {
  const child = spawn(
    process.execPath,
    ['--conditions=@flynotes/source', '--disable-warning=ExperimentalWarning', script, ...args],
    {
      stdio: ipc ? ['pipe', 'pipe', 'pipe', 'ipc'] : ['pipe', 'pipe', 'pipe'],
    },
  );
  started.push(child);
  let stderr = '';
  child.stderr?.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  const lines: string[] = [];
  const waiting: ((line: string) => void)[] = [];
  if (child.stdout !== null) {
    createInterface({ input: child.stdout }).on('line', (line) => {
      const taker = waiting.shift();
      if (taker === undefined) lines.push(line);
      else taker(line);
    });
  }
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
  const next = async (): Promise<Record<string, unknown>> => {
    const ready = lines.shift();
    const line =
      ready ??
      (await Promise.race([
        new Promise<string>((resolve) => waiting.push(resolve)),
        ended.then(() => '{"event":"ended"}'),
      ]));
    return JSON.parse(line) as Record<string, unknown>;
  };
  return { child, next, ended, stderr: () => stderr };
};

/** @returns the error's number, or 0 */
const ask = (port: number, statement: string): Promise<number> =>
  new Promise((resolve, reject) => {
    const connection = new Connection({
      server: '127.0.0.1',
      authentication: { type: 'default', options: { userName: 'flynotes_reader', password: 'reader-password' } },
      options: { port, database: 'sys2000', encrypt: false, trustServerCertificate: true },
    });
    connection.connect((failure) => {
      if (failure) {
        reject(failure);
        return;
      }
      connection.execSql(
        new Request(statement, (error) => {
          connection.close();
          resolve(error ? ((error as { number?: number }).number ?? -1) : 0);
        }),
      );
    });
  });

describe('the R4 server process', () => {
  it('says where it listens, serves, takes commands by line, and ends on SIGTERM', async () => {
    const server = start(['--patients', '20', '--dialect', 'lower-case']);
    const listening = await server.next();
    expect(listening).toMatchObject({
      event: 'listening',
      host: '127.0.0.1',
      dialect: 'lower-case',
      patients: 20,
      seed: 1,
      tls: 'off',
    });
    const port = Number(listening['port']);
    expect(String(listening['connectionString'])).toContain(`127.0.0.1,${port}`);
    expect(await ask(port, 'SELECT forename FROM dbo.patients')).toBe(0);

    server.child.stdin?.write('{"fault":{"kind":"deadlock","times":1,"matching":"FROM dbo.patients"}}\n');
    expect(await server.next()).toEqual({ event: 'done', faults: 1 });
    expect(await ask(port, 'SELECT forename FROM dbo.patients')).toBe(1205);
    expect(await ask(port, 'SELECT forename FROM dbo.patients')).toBe(0);

    server.child.stdin?.write(
      '{"fault":{"kind":"lock-timeout"}}\n{"clearFaults":true}\nnot json\n{"dance":true}\n\n{"fault":{"kind":"rain"}}\n',
    );
    expect(await server.next()).toEqual({ event: 'done', faults: 1 });
    expect(await server.next()).toEqual({ event: 'done', faults: 0 });
    for (let count = 0; count < 3; count += 1) expect(await server.next()).toMatchObject({ event: 'refused' });
    expect(await ask(port, 'SELECT forename FROM dbo.patients')).toBe(0);

    server.child.kill('SIGTERM');
    expect(await server.ended).toBe(0);
    expect(server.stderr()).toBe('');
  });

  it('ends when told so, by line or by its parent', async () => {
    const byLine = start(['--patients', '1']);
    await byLine.next();
    byLine.child.stdin?.write('{"stop":true}\n');
    expect(await byLine.ended).toBe(0);

    const byParent = start(['--patients', '1'], true);
    await byParent.next();
    byParent.child.send({ fault: { kind: 'refuse' } });
    expect(await byParent.next()).toEqual({ event: 'done', faults: 1 });
    byParent.child.send({ stop: true });
    expect(await byParent.ended).toBe(0);
  });

  it('ends with its standard input only where asked', async () => {
    const bound = start(['--patients', '1', '--until-stdin-closes']);
    await bound.next();
    bound.child.stdin?.end();
    expect(await bound.ended).toBe(0);

    const free = start(['--patients', '1']);
    const { port } = await free.next();
    free.child.stdin?.end();
    expect(await ask(Number(port), 'SELECT 1')).toBe(0);
    free.child.kill('SIGINT');
    expect(await free.ended).toBe(0);
  });

  it('ends though a client is connected', async () => {
    const server = start(['--patients', '1']);
    const { port } = await server.next();
    const connection = new Connection({
      server: '127.0.0.1',
      authentication: { type: 'default', options: { userName: 'sa', password: 'sa-password' } },
      options: { port: Number(port), encrypt: false, trustServerCertificate: true },
    });
    const closed = new Promise<void>((resolve) => connection.once('end', () => resolve()));
    connection.on('error', () => undefined);
    await new Promise<void>((resolve, reject) => connection.connect((error) => (error ? reject(error) : resolve())));
    server.child.kill('SIGTERM');
    expect(await server.ended).toBe(0);
    await closed;
  });

  it('refuses bad arguments with what to do, and a taken port', async () => {
    const wrong = start(['--dialect', 'latin']);
    expect(await wrong.ended).toBe(2);
    expect(wrong.stderr()).toContain(
      '--dialect takes classic, address-table, lower-case, medical-history, not "latin".',
    );

    const taken = createServer();
    await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve));
    // It is told before a million patients are made up.
    const late = start(['--patients', '1000000', '--port', String((taken.address() as AddressInfo).port)]);
    expect(await late.ended).toBe(2);
    expect(late.stderr()).toContain('The port is taken.');
    await new Promise((resolve) => taken.close(resolve));
  });
});
