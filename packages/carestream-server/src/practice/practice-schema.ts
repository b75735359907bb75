import { isAgentError } from '../runtime/index.ts';
import { catalogueOf } from './catalogue.ts';
import type { PracticeSchema } from './practice-reader.ts';
import { resolveSchema } from './schema-resolver.ts';
import { schemaMap, type EntityMap, type EntityName } from './schema-map.ts';
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

/**
 * Reads the catalogue and resolves the schema map against it.
 * @throws AgentError PRACTICE_…
 */
export async function readPracticeSchema(
  connection: SqlConnection,
  options: { readonly map?: Readonly<Record<EntityName, EntityMap>> },
  signal: AbortSignal,
): Promise<ReadPractice> {
  const ask = (text: string): Promise<ResultSets> => connection.query({ text, timeoutMs: catalogueTimeoutMs }, signal);
  /** What a login may not see is not needed, only useful. */
  const askIfAllowed = async (text: string): Promise<ResultSets | undefined> => {
    try {
      return await ask(text);
    } catch (error) {
      signal.throwIfAborted();
      if (isAgentError(error) && error.disposition !== 'transient' && error.code !== 'PRACTICE_LOGIN_FAILED')
        return undefined;
      if (isAgentError(error) && error.code === 'PRACTICE_SCHEMA_CHANGED') return undefined;
      throw error;
    }
  };
  const server = (await askIfAllowed(serverStatement))?.[0]?.[0];
  const [columns = [], views = []] = await ask(columnsStatement);
  const keys = (await askIfAllowed(keysStatement))?.[0] ?? [];
  const indexes = (await askIfAllowed(indexesStatement))?.[0];
  const schema = resolveSchema(catalogueOf({ columns, views, keys, indexes }), options.map ?? schemaMap);
  const [sysadmin, ...rights] = (await askIfAllowed(permissionsStatement(schema)))?.[0]?.[0] ?? [];
  const snapshots = server?.[2] === true || server?.[2] === 1;
  return {
    schema: { ...schema, canWrite: rights.some((right) => right === 1), sysadmin: sysadmin === 1 },
    isolation: snapshots ? 'read-committed' : 'read-uncommitted',
    product: typeof server?.[0] === 'string' ? server[0] : undefined,
    compatibilityLevel: typeof server?.[1] === 'number' ? server[1] : undefined,
  };
}
