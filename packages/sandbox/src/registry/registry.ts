import { randomBytes } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { startChild } from '../child-process.ts';
import { distOf, packageJsonOf, publishDocumentOf } from './publish-document.ts';

/** A private npm registry of its own process: verdaccio, with nothing behind it. */
export interface Registry extends AsyncDisposable {
  /** Without a slash at its end. */
  readonly url: string;
  readonly pid: number;
  /** `agent` may read, `publisher` may publish. Anybody else may nothing. */
  readonly tokens: { readonly agent: string; readonly publisher: string };
  /** Publishes a tarball as `npm publish` does. @throws Error with the registry's answer where it refuses */
  publish(tarball: Uint8Array, token?: string): Promise<{ readonly name: string; readonly version: string }>;
  /**
   * What somebody can do who owns the registry's disk: puts other bytes in a tarball's place, and with `packument` also
   * changes what the registry says of its hashes.
   */
  swapTarball(release: { name: string; version: string }, tarball: Uint8Array, packument: boolean): void;
  /** Stops answering; what was published stays, and `start` goes on at the same address. */
  stop(): Promise<void>;
  start(): Promise<void>;
}

/** Where a registry listens and keeps what it holds. */
export interface RegistryOptions {
  /** 0, the default, takes a free one. */
  readonly port?: number;
  /** Kept at the end where it is given; a temporary one otherwise. */
  readonly folder?: string;
}

/** @see {@link Registry} */
export async function createRegistry(options: RegistryOptions = {}): Promise<Registry> {
  const folder = options.folder ?? mkdtempSync(path.join(tmpdir(), 'carestream-registry-'));
  await using stack = new AsyncDisposableStack();
  if (options.folder === undefined) stack.defer(() => rmSync(folder, { recursive: true, force: true, maxRetries: 3 }));
  let port = options.port ?? 0;
  const launch = () =>
    startChild({
      name: 'the registry',
      script: path.join(import.meta.dirname, 'main.ts'),
      words: ['--folder', folder, '--port', String(port)],
      onLine(line) {
        const said = /^ready (\d+)$/.exec(line);
        if (said) port = Number(said[1]);
        return said !== null;
      },
      readyWithinMs: 60_000,
    });
  let child = await launch();
  stack.defer(() => child[Symbol.asyncDispose]());
  const url = `http://127.0.0.1:${port}`;
  const tokens = await tokensIn(folder, url);
  const owned = stack.move();
  return {
    url,
    get pid() {
      return child.pid;
    },
    tokens,
    async publish(tarball, token = tokens.publisher) {
      const { name, body } = publishDocumentOf(tarball, url);
      await must(`publish ${name}`, `${url}/${name.replace('/', '%2f')}`, { method: 'PUT', token, body });
      const { version } = packageJsonOf(tarball);
      return { name, version };
    },
    swapTarball({ name, version }, tarball, packument) {
      const held = path.join(folder, 'storage', name);
      const file = `${name.slice(name.indexOf('/') + 1)}-${version}.tgz`;
      // Read first: what was never published cannot be swapped.
      readFileSync(path.join(held, file));
      writeFileSync(path.join(held, file), tarball);
      if (!packument) return;
      const document = JSON.parse(readFileSync(path.join(held, 'package.json'), 'utf8')) as {
        versions: Record<string, { dist: object }>;
      };
      const published = document.versions[version];
      if (published === undefined) throw new Error(`the registry does not hold ${name} ${version}`);
      published.dist = distOf(tarball, url, name, file);
      writeFileSync(path.join(held, 'package.json'), JSON.stringify(document));
    },
    async stop() {
      await child[Symbol.asyncDispose]();
    },
    async start() {
      child = await launch();
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/** The users' tokens: made with the folder, and good as long as it lives. */
async function tokensIn(folder: string, url: string): Promise<Registry['tokens']> {
  const file = path.join(folder, 'tokens.json');
  if (existsSync(file)) return JSON.parse(readFileSync(file, 'utf8')) as Registry['tokens'];
  const tokens = { agent: await addUser(url, 'agent'), publisher: await addUser(url, 'publisher') };
  writeFileSync(file, JSON.stringify(tokens), { mode: 0o600 });
  return tokens;
}

async function addUser(url: string, name: string): Promise<string> {
  const password = randomBytes(18).toString('base64url');
  const answer = await must(`add ${name}`, `${url}/-/user/org.couchdb.user:${name}`, {
    method: 'PUT',
    body: { _id: `org.couchdb.user:${name}`, name, password, type: 'user', roles: [] },
  });
  return (answer as { token: string }).token;
}

async function must(
  what: string,
  address: string,
  { method, token, body }: { method: string; token?: string; body: object },
): Promise<unknown> {
  const response = await fetch(address, {
    method,
    headers: {
      'content-type': 'application/json',
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
    },
    body: JSON.stringify(body),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`${what}: ${response.status} ${text.slice(0, 300)}`);
  return JSON.parse(text) as unknown;
}
