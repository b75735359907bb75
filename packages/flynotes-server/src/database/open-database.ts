import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Database } from './database.ts';
import { migrate } from './migrate.ts';
import { openPglite } from './pglite.ts';
import { openPostgres } from './postgres.ts';

/** Which database: a PostgreSQL by address, or the embedded one in a folder or in memory. */
export type DatabaseOptions =
  | { readonly url: string; readonly connectionsMost?: number; readonly lockTimeoutMs?: number }
  | { readonly dataDir: string | null };

/** Opens the database; nothing is in it yet. */
export async function openDatabase(options: DatabaseOptions): Promise<Database> {
  if ('url' in options) return openPostgres(options.url, options);
  return openPglite({ dataDir: options.dataDir, templateFile: templateFile() });
}

/** Opens the database and brings it to this release's tables. */
export async function openMigrated(options: DatabaseOptions): Promise<Database> {
  const database = await openDatabase(options);
  try {
    await migrate(database);
    return database;
  } catch (error) {
    await database[Symbol.asyncDispose]();
    const first: unknown = error instanceof AggregateError ? error.errors[0] : error;
    const why = first instanceof Error ? first.message : 'it failed';
    throw new Error(`the database ${'url' in options ? 'at DATABASE_URL ' : ''}cannot be used: ${why}`, {
      cause: error,
    });
  }
}

/** Beside the PGlite that made it, as build tools keep their caches; its version is in the name. */
function templateFile(): string | null {
  const entry = fileURLToPath(import.meta.resolve('@electric-sql/pglite'));
  const marker = join('node_modules', '@electric-sql', 'pglite');
  const at = entry.lastIndexOf(marker);
  if (at < 0) return null;
  const { version } = JSON.parse(readFileSync(join(entry.slice(0, at), marker, 'package.json'), 'utf8')) as {
    version: string;
  };
  return join(
    dirname(join(entry.slice(0, at), marker)),
    '..',
    '.cache',
    'flynotes-server',
    `pglite-${version}.tar.zst`,
  );
}
