import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, chown, mkdtemp, readdir, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { readFileSync } from 'node:fs';

const installedBelow = '/usr/lib/postgresql';
const user = 'flynotes';

/** A real PostgreSQL of this test's own, on loopback, gone when disposed. */
export interface TestPostgres extends AsyncDisposable {
  /** `15.20` */
  readonly version: string;
  /** Makes an empty database and gives its address. */
  createDatabase(): Promise<string>;
  stop(): Promise<void>;
}

/** The newest installed PostgreSQL's programs; null where there is none. */
export async function findPostgres(): Promise<string | null> {
  const versions = await readdir(installedBelow).catch(() => []);
  const newest = versions.filter((name) => /^\d+$/.test(name)).sort((left, right) => Number(right) - Number(left))[0];
  return newest === undefined ? null : join(installedBelow, newest, 'bin');
}

/**
 * Starts a PostgreSQL in a temporary folder, or gives null and says loudly that its tests are skipped. `durable`: each commit waits for
 * the disk, as PostgreSQL does by default; tests have no use for that.
 * @throws Error with `CI=true` where PostgreSQL is missing: a skip must not go unseen there
 */
export async function startPostgres(options: { readonly durable?: boolean } = {}): Promise<TestPostgres | null> {
  const bin = await findPostgres();
  if (bin === null) {
    const missing = `PostgreSQL is not installed below ${installedBelow} (Debian: apt-get install postgresql)`;
    if (process.env['CI'] === 'true') throw new Error(missing);
    process.stderr.write(`\n*** SKIPPED: ${missing} ***\n\n`);
    return null;
  }
  const owner = ownerOfServer();
  const dir = await mkdtemp(join(tmpdir(), 'flynotes-postgres-'));
  if (owner !== null) await chown(dir, owner.uid, owner.gid);
  await chmod(dir, 0o700);
  const data = join(dir, 'data');
  const initdb = ['-D', data, '-U', user, '-A', 'trust', '-E', 'UTF8', '--locale=C', '--no-sync', '--no-instructions'];
  await run(join(bin, 'initdb'), initdb, owner);

  for (let tried = 1; ; tried++) {
    const port = await freePort();
    const server = await startServer({ bin, data, dir, port, owner, durable: options.durable === true });
    if (server !== null) return controls({ bin, dir, port, server });
    if (tried === 3) throw new Error('PostgreSQL did not start');
  }
}

type Owner = { uid: number; gid: number } | null;
type Server = ReturnType<typeof spawn>;

/** PostgreSQL refuses to run as root: then it runs as Debian's user for it. */
function ownerOfServer(): Owner {
  if (process.getuid?.() !== 0) return null;
  const line = /^postgres:[^:]*:(\d+):(\d+):/m.exec(readFileSync('/etc/passwd', 'utf8'));
  if (line === null) throw new Error('PostgreSQL cannot run as root, and there is no user postgres');
  return { uid: Number(line[1]), gid: Number(line[2]) };
}

async function startServer(on: {
  bin: string;
  data: string;
  dir: string;
  port: number;
  owner: Owner;
  durable: boolean;
}): Promise<Server | null> {
  const settings = [
    ...(on.durable ? [] : ['fsync=off', 'synchronous_commit=off']),
    'max_connections=120',
    'shared_buffers=64MB',
    'log_min_messages=fatal',
  ];
  const server = spawn(
    join(on.bin, 'postgres'),
    ['-D', on.data, '-h', '127.0.0.1', '-p', String(on.port), '-k', on.dir, ...settings.flatMap((one) => ['-c', one])],
    { cwd: on.dir, stdio: 'ignore', ...on.owner },
  );
  for (let waited = 0; waited < 600 && server.exitCode === null; waited++) {
    const ready = await run(join(on.bin, 'pg_isready'), ['-h', '127.0.0.1', '-p', String(on.port), '-q'], null).then(
      () => true,
      () => false,
    );
    if (ready && server.exitCode === null) {
      // A test run that ends without disposing leaves no server behind (immediate shutdown: the data is thrown away anyway).
      const quit = (): void => void server.kill('SIGQUIT');
      process.once('exit', quit);
      server.once('exit', () => process.off('exit', quit));
      return server;
    }
    await sleep(50);
  }
  server.kill('SIGKILL');
  return null;
}

async function controls(of: { bin: string; dir: string; port: number; server: Server }): Promise<TestPostgres> {
  const { bin, dir, port, server } = of;
  const connect = ['-h', '127.0.0.1', '-p', String(port), '-U', user];
  const version = (
    await run(join(bin, 'psql'), [...connect, '-d', 'postgres', '-Atc', 'show server_version'], null)
  ).trim();
  let made = 0;
  let stopping: Promise<void> | null = null;
  const stop = (): Promise<void> =>
    (stopping ??= (async () => {
      if (server.exitCode === null && server.signalCode === null) {
        const ended = once(server, 'exit');
        // Fast shutdown: sessions are ended, nothing is left in shared memory.
        server.kill('SIGINT');
        await Promise.race([ended, sleep(10_000).then(() => server.kill('SIGKILL'))]);
      }
      await rm(dir, { recursive: true, force: true });
    })());
  return {
    version,
    async createDatabase() {
      const name = `test_${++made}`;
      await run(join(bin, 'createdb'), [...connect, name], null);
      return `postgres://${user}@127.0.0.1:${port}/${name}`;
    },
    stop,
    [Symbol.asyncDispose]: stop,
  };
}

async function run(program: string, args: string[], owner: Owner): Promise<string> {
  const child = spawn(program, args, { cwd: '/', stdio: ['ignore', 'pipe', 'pipe'], ...owner });
  let [out, err] = ['', ''];
  child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (err += chunk.toString()));
  const [code] = (await once(child, 'close')) as [number | null];
  if (code !== 0) throw new Error(`${program} ended with ${code}: ${err.slice(-500)}`);
  return out;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, 'close');
  return port;
}
