import { cpSync, rmSync } from 'node:fs';
import path from 'node:path';
import { createFlynotesServer } from '@flynotes/flynotes-server';
import { startChild, type ChildPart } from './child-process.ts';

/** The Flynotes server as a process of its own, with a backup of what it holds. */
export interface FlynotesProcess extends AsyncDisposable {
  readonly pid: number;
  /** Stops it, keeps a copy of everything that it holds, and starts it again. */
  backUp(): Promise<void>;
  /** Stops it, puts the copy in place of what it holds, and starts it again. */
  restore(): Promise<void>;
}

/** How the server is started. */
export interface FlynotesProcessOptions {
  readonly port: number;
  readonly dataDir: string;
  readonly operatorToken: string;
  readonly environment: NodeJS.ProcessEnv;
}

const script = path.resolve(import.meta.dirname, '../../flynotes-server/src/cli.ts');

/** @see {@link FlynotesProcess} */
export async function startFlynotes(options: FlynotesProcessOptions): Promise<FlynotesProcess> {
  const databaseUrl = options.environment['DATABASE_URL'] ?? '';
  const backup = databaseUrl === '' ? copyOfFolder(options.dataDir) : copyOfTables(databaseUrl, options.operatorToken);
  const start = (): Promise<ChildPart> =>
    startChild({
      name: 'flynotes-server',
      script,
      words: ['start', '--port', String(options.port), '--data-dir', options.dataDir, '--json'],
      environment: { ...options.environment, FLYNOTES_OPERATOR_TOKEN: options.operatorToken },
      readyWithinMs: 60_000,
      onLine: (line) => line.includes('"ready"'),
    });
  let running = await start();

  const whileStopped = async (work: () => Promise<void>): Promise<void> => {
    await running[Symbol.asyncDispose]();
    await work();
    running = await start();
  };
  return {
    get pid() {
      return running.pid;
    },
    backUp: () => whileStopped(() => backup.take()),
    restore: () => whileStopped(() => backup.putBack()),
    [Symbol.asyncDispose]: () => running[Symbol.asyncDispose](),
  };
}

interface Backup {
  take(): Promise<void>;
  putBack(): Promise<void>;
}

/** The embedded database is a folder. */
function copyOfFolder(dataDir: string): Backup {
  const copy = `${dataDir}-backup`;
  const replace = async (from: string, to: string): Promise<void> => {
    rmSync(to, { recursive: true, force: true, maxRetries: 3 });
    cpSync(from, to, { recursive: true });
  };
  return { take: () => replace(dataDir, copy), putBack: () => replace(copy, dataDir) };
}

/** In a PostgreSQL that somebody brought along, what passes change is copied beside itself. */
function copyOfTables(url: string, operatorToken: string): Backup {
  const tables = ['patients', 'passes', 'batches'];
  const run = async (statements: (table: string) => string): Promise<void> => {
    await using server = await createFlynotesServer({ database: { url }, operatorToken });
    // Sent together, they are one transaction.
    await server.database.script(tables.map(statements).join('; '));
  };
  return {
    take: () =>
      run((table) => `drop table if exists backup_of_${table}; create table backup_of_${table} as table ${table}`),
    putBack: () => run((table) => `delete from ${table}; insert into ${table} select * from backup_of_${table}`),
  };
}
