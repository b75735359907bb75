import type { ErrorCode } from '../contract/index.ts';
import { isAgentError } from '../runtime/index.ts';
import { catalogueOf, type Catalogue } from './catalogue.ts';
import type { PracticeSchema } from './practice-reader.ts';
import type { MissingField, ResolvedSchema } from './resolved-schema.ts';
import { resolveSchema, searchSchema } from './schema-resolver.ts';
import { mapWithOverrides, type OverriddenMap } from './schema-overrides.ts';
import { schemaMap, type EntityMap, type EntityName } from './schema-map.ts';
import type { Query, ResultSets, SqlConnection } from './sql-connection.ts';
import {
  columnsStatement,
  createStatements,
  indexesStatement,
  keysStatement,
  permissionsStatement,
  probeStatement,
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
/** No patient has this number; a query for it reads nobody and proves that it could. */
const nobody = 0;

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
  const { schema, denied } = await resolveReadable({ catalogue, map, isolation }, ask);
  const hidden = await hiddenEntities({ schema, map }, ask);
  const missing = schema.missing.map((each): MissingField => {
    const table = hidden.get(each.entity) ?? denied.get(each.entity);
    return each.field === undefined && table !== undefined ? { ...each, reason: 'denied', candidates: [table] } : each;
  });
  const [sysadmin, ...rights] = (await askIfAllowed(permissionsStatement(schema)))?.[0]?.[0] ?? [];
  const practice = {
    ...schema,
    missing,
    refusedOverrides: refused,
    canWrite: rights.some((right) => right === 1),
    sysadmin: sysadmin === 1,
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
    schema.missing.length > 0 ? 'PRACTICE_PARTS_MISSING' : null,
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
  const ask: Ask = (text, query = {}) => connection.query({ text, timeoutMs: catalogueTimeoutMs, ...query }, signal);
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

type Ask = (text: string, query?: Partial<Query>) => Promise<ResultSets>;

const refusals: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'PRACTICE_PERMISSION_DENIED',
  'PRACTICE_QUERY_FAILED',
  'PRACTICE_SCHEMA_CHANGED',
]);

/** Parts of a full record can be missed; patients and their addresses cannot: they would seem to have none. */
const needed: ReadonlySet<EntityName> = new Set<EntityName>(['patient', 'address']);

/** Resolves the schema and reads nobody's record with it, so that a table without the right to read is met now and not later. */
async function resolveReadable(
  {
    catalogue,
    map,
    isolation,
  }: {
    readonly catalogue: Catalogue;
    readonly map: Readonly<Record<EntityName, EntityMap>>;
    readonly isolation: Isolation;
  },
  ask: Ask,
): Promise<{ readonly schema: ResolvedSchema; readonly denied: ReadonlyMap<EntityName, string> }> {
  const denied = new Map<EntityName, string>();
  for (;;) {
    const without = new Set(denied.values());
    const schema = await resolveOrProbe(
      { tables: catalogue.tables.filter((table) => !without.has(table.name)) },
      map,
      ask,
    );
    const identifiers = Object.values(schema.entities).map((entity) => entity.table);
    try {
      await ask(createStatements(schema, isolation).patient, { parameters: { code: nobody }, identifiers });
      return { schema, denied };
    } catch (error) {
      if (!isAgentError(error) || error.code !== 'PRACTICE_PERMISSION_DENIED') throw error;
      const entity = Object.values(schema.entities).find((each) => each.table === error.details['name']);
      if (entity === undefined || needed.has(entity.entity)) throw error;
      denied.set(entity.entity, entity.table);
    }
  }
}

async function resolveOrProbe(
  catalogue: Catalogue,
  map: Readonly<Record<EntityName, EntityMap>>,
  ask: Ask,
): Promise<ResolvedSchema> {
  try {
    return resolveSchema(catalogue, map);
  } catch (error) {
    if (!isAgentError(error) || error.code !== 'PRACTICE_SCHEMA_UNSUPPORTED') throw error;
    await deniedTable(map.patient.tables.flat(), ask).then((denied) => {
      if (denied !== undefined) throw denied.error;
    });
    throw error;
  }
}

/** Entities that are missing because the catalogue hides their tables from this login. */
async function hiddenEntities(
  { schema, map }: { readonly schema: ResolvedSchema; readonly map: Readonly<Record<EntityName, EntityMap>> },
  ask: Ask,
): Promise<Map<EntityName, string>> {
  const hidden = new Map<EntityName, string>();
  for (const { entity, field, reason } of schema.missing) {
    if (field !== undefined || reason !== 'missing') continue;
    const denied = await deniedTable(map[entity].tables.flat(), ask);
    if (denied !== undefined) hidden.set(entity, denied.table);
  }
  if (schema.addressPlace !== 'none') return hidden;
  // An address table that may not be read is no reason to say that nobody has an address.
  const denied = await deniedTable(map.address.tables.flat(), ask);
  if (denied !== undefined) throw denied.error;
  return hidden;
}

async function deniedTable(
  tables: readonly string[],
  ask: Ask,
): Promise<{ readonly table: string; readonly error: unknown } | undefined> {
  for (const table of tables) {
    try {
      await ask(probeStatement(table), { identifiers: [table] });
    } catch (error) {
      if (!isAgentError(error)) throw error;
      if (error.code === 'PRACTICE_PERMISSION_DENIED') return { table, error };
      if (!refusals.has(error.code)) throw error;
    }
  }
  return undefined;
}
