import { hash } from 'node:crypto';
import type { ErrorCode } from '../contract/index.ts';
import { isAgentError } from '../runtime/index.ts';
import { catalogueOf, type Catalogue } from './catalogue.ts';
import type { PracticeSchema } from './practice-reader.ts';
import { refusals, resolveReadable, type Ask } from './readable-schema.ts';
import { searchSchema } from './schema-resolver.ts';
import { mapWithOverrides, type OverriddenMap } from './schema-overrides.ts';
import { schemaMap } from './schema-map.ts';
import type { ResultSets, SqlConnection } from './sql-connection.ts';
import {
  columnsStatement,
  indexesStatement,
  keysStatement,
  permissionsStatement,
  serverStatement,
  type Isolation,
} from './statements.ts';

/** What was found out of a practice's server and database. */
export interface ReadPractice {
  readonly schema: PracticeSchema;
  readonly isolation: Isolation;
  /** `10.50.4000.0`. */
  readonly product: string | undefined;
  /** 100 is SQL Server 2008. */
  readonly compatibilityLevel: number | undefined;
}

const catalogueTimeoutMs = 30_000;
/** What passes by itself is asked again at once: a lock has been waited for already. */
const passing: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'PRACTICE_DEADLOCK',
  'PRACTICE_LOCK_TIMEOUT',
  'PRACTICE_CONNECTION_LOST',
]);
const triesMost = 4;

/** What a practice's schema is read with. */
export interface SchemaReadingOptions {
  /** The licence answer's replacements for parts of the schema map. */
  readonly overrides?: Readonly<Record<string, unknown>>;
}

/**
 * Reads the catalogue, resolves the schema map against it, and tries whether what was found may be read. Overrides without which
 * patients are found, and with which they are not, are left out and told.
 * @throws AgentError PRACTICE_…
 */
export async function readPracticeSchema(
  connection: SqlConnection,
  options: SchemaReadingOptions,
  signal: AbortSignal,
): Promise<ReadPractice> {
  const { ask, askIfAllowed } = asking(connection, signal);
  const server = (await askIfAllowed(serverStatement))?.[0]?.[0];
  const isolation: Isolation = server?.[2] === true || server?.[2] === 1 ? 'read-committed' : 'read-uncommitted';
  const catalogue = await readCatalogue(connection, signal);
  const { map, refused } = usableMap(catalogue, options.overrides ?? {});
  const { schema, grants } = await resolveReadable({ catalogue, map, isolation }, ask);
  const [sysadmin, canWrite] = (await askIfAllowed(permissionsStatement))?.[0]?.[0] ?? [];
  const practice = {
    ...schema,
    database: hash('sha256', JSON.stringify(server?.slice(3) ?? null), 'hex').slice(0, 16),
    grants,
    refusedOverrides: refused,
    canWrite: canWrite === 1,
    sysadmin: sysadmin === 1,
    tls: connection.tls,
  };
  return {
    schema: { ...practice, warnings: warningsOf(practice) },
    isolation,
    product: typeof server?.[0] === 'string' ? server[0] : undefined,
    compatibilityLevel: typeof server?.[1] === 'number' ? server[1] : undefined,
  };
}

/** What is no failure and should not stay, for the heartbeat. */
function warningsOf(schema: Omit<PracticeSchema, 'warnings'>): ErrorCode[] {
  const codes: (ErrorCode | null)[] = [
    schema.sysadmin ? 'PRACTICE_SYSADMIN' : schema.canWrite ? 'PRACTICE_WRITABLE' : null,
    schema.missing.some(({ reason }) => reason !== 'denied') ? 'PRACTICE_PARTS_MISSING' : null,
    schema.missing.some(({ reason }) => reason === 'denied') ? 'PRACTICE_PERMISSION_DENIED' : null,
    schema.unindexed.length > 0 ? 'PRACTICE_INDEX_MISSING' : null,
    schema.refusedOverrides.length > 0 ? 'PRACTICE_OVERRIDE_INVALID' : null,
  ];
  return codes.filter((code) => code !== null);
}

/** Reads what the server says of its database: names and types, and no row. */
export async function readCatalogue(connection: SqlConnection, signal: AbortSignal): Promise<Catalogue> {
  const { ask, askIfAllowed } = asking(connection, signal);
  const [columns = [], views = []] = await ask(columnsStatement);
  const keys = (await askIfAllowed(keysStatement))?.[0] ?? [];
  const indexes = (await askIfAllowed(indexesStatement))?.[0];
  return catalogueOf({ columns, views, keys, indexes });
}

/** The map with its overrides; without them where patients are found so alone. */
export function usableMap(catalogue: Catalogue, overrides: Readonly<Record<string, unknown>>): OverriddenMap {
  const overridden = mapWithOverrides(overrides);
  if (searchSchema(catalogue, overridden.map).schema !== undefined) return overridden;
  if (searchSchema(catalogue, schemaMap).schema === undefined) return overridden;
  return { map: schemaMap, refused: [...new Set([...overridden.refused, ...Object.keys(overrides)])] };
}

function asking(connection: SqlConnection, signal: AbortSignal) {
  const ask: Ask = async (text, query = {}) => {
    for (let tries = 1; ; tries += 1) {
      try {
        return await connection.query({ text, timeoutMs: catalogueTimeoutMs, ...query }, signal);
      } catch (error) {
        signal.throwIfAborted();
        if (!isAgentError(error) || !passing.has(error.code) || tries >= triesMost) throw error;
      }
    }
  };
  /** What a login may not see is not needed, only useful. */
  const askIfAllowed = async (text: string): Promise<ResultSets | undefined> => {
    try {
      return await ask(text);
    } catch (error) {
      signal.throwIfAborted();
      if (isAgentError(error) && refusals.has(error.code)) return undefined;
      throw error;
    }
  };
  return { ask, askIfAllowed };
}
