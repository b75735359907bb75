import type { ErrorCode } from '../contract/index.ts';
import { isAgentError } from '../runtime/index.ts';
import type { Catalogue } from './catalogue.ts';
import type { EntityMap, FieldMap } from './field-map.ts';
import { foldName } from './identifiers.ts';
import type { MissingField, ResolvedEntity, ResolvedSchema } from './resolved-schema.ts';
import { addressLineFields, schemaMap, type EntityName } from './schema-map.ts';
import { resolveSchema } from './schema-resolver.ts';
import type { Query, ResultSets } from './sql-connection.ts';
import { createStatements, probeStatement, type Isolation } from './statements.ts';

/** Asks SQL Server. @throws AgentError PRACTICE_… */
export type Ask = (text: string, query?: Partial<Query>) => Promise<ResultSets>;

/** What a login may not see or do, rather than what passes by itself. */
export const refusals: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'PRACTICE_PERMISSION_DENIED',
  'PRACTICE_QUERY_FAILED',
  'PRACTICE_SCHEMA_CHANGED',
]);

/** A table, with its schema. */
export interface TableName {
  readonly schema: string;
  readonly table: string;
}

/** A column, with its table. */
export interface ColumnName extends TableName {
  readonly column: string;
}

/** The least that the login must be granted: what is in use, and what is missed for want of a right. */
export interface NeededGrants {
  readonly tables: readonly TableName[];
  /** Columns that may not be read although their tables may. */
  readonly columns: readonly ColumnName[];
  /** Tables that the catalogue hides, so that nobody here knows their schema. */
  readonly hidden: readonly string[];
}

/** A schema of which every part may be read. */
export interface ReadableSchema {
  readonly schema: ResolvedSchema;
  readonly grants: NeededGrants;
}

interface Sought {
  readonly catalogue: Catalogue;
  readonly map: Readonly<Record<EntityName, EntityMap>>;
  readonly isolation: Isolation;
}

/** No patient has this number; a query for it reads nobody and proves that it could. */
const nobody = 0;

/** Parts of a full record can be missed; patients and their addresses cannot: they would seem to have none. */
const needed: ReadonlySet<EntityName> = new Set<EntityName>(['patient', 'address']);
/** For the same reason, and because without them something else would be joined to the patients, or nothing. */
const neededFields: ReadonlySet<string> = new Set(['patientKey', 'addressCode', ...addressLineFields]);

/**
 * Resolves the schema and reads nobody's record with it, so that a table or column without the right to read is met now and not
 * later. What may not be read is missing: another one with a lesser name does not take its place.
 * @throws AgentError PRACTICE_PERMISSION_DENIED where patients or their addresses may not be read; PRACTICE_SCHEMA_UNSUPPORTED
 */
export async function resolveReadable(sought: Sought, ask: Ask): Promise<ReadableSchema> {
  const denied = new Map<EntityName, string>();
  const hidden = new Map<EntityName, string>();
  const wanted = new Map<EntityName, TableName>();
  const columns: ColumnName[] = [];
  const fields: DeniedField[] = [];
  for (;;) {
    const map = without(withoutFields(sought.map, fields), new Set([...denied.keys(), ...hidden.keys()]));
    const schema = await resolveOrProbe({ ...sought, map }, ask);
    for (const { entity, schema: owner, table } of [...Object.values(schema.entities), ...schema.loose])
      wanted.set(entity, { schema: owner, table });
    const found =
      (await readsNobody(schema, sought.isolation, ask)) ?? (await betterHidden({ schema, map: sought.map }, ask));
    if (found !== undefined) {
      const { entity, table, column, error } = found;
      if (column !== undefined) columns.push(column);
      const field = column === undefined ? undefined : dispensable(schema, entity, column);
      if (field !== undefined) fields.push(field);
      else if (needed.has(entity)) throw error;
      else (found.isHidden ? hidden : denied).set(entity, column === undefined ? table : shownColumn(column));
      // The lesser table is not what was missed.
      if (found.isHidden) wanted.delete(entity);
      continue;
    }
    for (const [entity, table] of await hiddenEntities({ schema, map }, ask)) hidden.set(entity, table);
    const missing = schema.missing.flatMap((each): MissingField[] => {
      if (fields.some(({ field }) => each.entity === 'patient' && each.field === field)) return [];
      const table = denied.get(each.entity) ?? hidden.get(each.entity);
      return [
        each.field === undefined && table !== undefined ? { ...each, reason: 'denied', candidates: [table] } : each,
      ];
    });
    for (const { field, column } of fields)
      missing.push({ entity: 'patient', field, reason: 'denied', candidates: [shownColumn(column)] });
    const used: readonly ResolvedEntity[] = Object.values(schema.entities);
    const anyMissed = denied.size + hidden.size > 0;
    return {
      schema: { ...schema, missing },
      grants: {
        // What hangs on a table that may not be read is missed with it.
        tables: anyMissed
          ? [...wanted.values()]
          : used.map(({ schema: owner, table }): TableName => ({ schema: owner, table })),
        columns,
        hidden: [...new Set(hidden.values())],
      },
    };
  }
}

/** A field of the patients that is done without, because its column may not be read. */
interface DeniedField {
  readonly field: string;
  readonly column: ColumnName;
}

const shownColumn = ({ table, column }: ColumnName): string => `${table}.${column}`;

/** The patients' field that a column holds, where patients can be read without it. */
function dispensable(schema: ResolvedSchema, entity: EntityName, column: ColumnName): DeniedField | undefined {
  if (entity !== 'patient') return undefined;
  const field = Object.entries(schema.entities.patient?.columns ?? {}).find(([, columns]) =>
    columns.some(({ name }) => name === column.column),
  )?.[0];
  const fields: Readonly<Record<string, FieldMap>> = schemaMap.patient.fields;
  if (field === undefined || neededFields.has(field) || fields[field]?.need === 'required') return undefined;
  return { field, column };
}

/** The map without what the patients' columns may not be read for. */
function withoutFields(
  map: Readonly<Record<EntityName, EntityMap>>,
  denied: readonly DeniedField[],
): Readonly<Record<EntityName, EntityMap>> {
  const fields: Record<string, FieldMap> = { ...map.patient.fields };
  for (const { field, column } of denied) {
    const own = fields[field];
    const name = foldName(column.column);
    // Of several telephones the others are left; nothing of a lower rank comes in.
    const last = own?.ranks.findIndex((rank) => rank.some((each) => foldName(each) === name)) ?? -1;
    const left = own?.many === true ? own.ranks.slice(last, last + 1) : [];
    if (own !== undefined)
      fields[field] = { ...own, ranks: left.map((rank) => rank.filter((each) => foldName(each) !== name)) };
  }
  return { ...map, patient: { ...map.patient, fields } };
}

/** The map with entities of which nothing is looked for. */
function without(
  map: Readonly<Record<EntityName, EntityMap>>,
  left: ReadonlySet<EntityName>,
): Readonly<Record<EntityName, EntityMap>> {
  const changed = { ...map };
  for (const entity of left) changed[entity] = { ...changed[entity], tables: [] };
  return changed;
}

interface Denial {
  readonly entity: EntityName;
  readonly table: string;
  /** Where the rest of the table may be read. */
  readonly column?: ColumnName;
  readonly error: unknown;
  readonly isHidden: boolean;
}

async function readsNobody(schema: ResolvedSchema, isolation: Isolation, ask: Ask): Promise<Denial | undefined> {
  const entities: readonly ResolvedEntity[] = Object.values(schema.entities);
  try {
    const identifiers = entities.flatMap(({ table, columns }) => [
      ...Object.values(columns).flatMap((each) => each.map(({ name }) => name)),
      table,
    ]);
    await ask(createStatements(schema, isolation).patient, { parameters: { code: nobody }, identifiers });
    return undefined;
  } catch (error) {
    if (!isAgentError(error) || error.code !== 'PRACTICE_PERMISSION_DENIED') throw error;
    const refused = entities.find((each) => each.table === error.details['name']);
    if (refused === undefined) throw error;
    const { entity, schema: owner, table } = refused;
    const { column } = error.details;
    return {
      entity,
      table,
      ...(typeof column === 'string' ? { column: { schema: owner, table, column } } : {}),
      error,
      isHidden: false,
    };
  }
}

/** A table with a better name than the one that was taken, which the catalogue hides because it may not be read. */
async function betterHidden(
  { schema, map }: { readonly schema: ResolvedSchema; readonly map: Readonly<Record<EntityName, EntityMap>> },
  ask: Ask,
): Promise<Denial | undefined> {
  for (const { entity, schema: owner, table } of Object.values(schema.entities)) {
    const names = new Set([foldName(table), foldName(`${owner}.${table}`)]);
    const rank = map[entity].tables.findIndex((each) => each.some((name) => names.has(foldName(name))));
    const denied = await deniedTable(map[entity].tables.slice(0, Math.max(rank, 0)).flat(), ask);
    if (denied !== undefined) return { ...denied, entity, isHidden: true };
  }
  return undefined;
}

async function resolveOrProbe({ catalogue, map }: Sought, ask: Ask): Promise<ResolvedSchema> {
  try {
    return resolveSchema(catalogue, map);
  } catch (error) {
    if (!isAgentError(error) || error.code !== 'PRACTICE_SCHEMA_UNSUPPORTED') throw error;
    const denied = await deniedTable(map.patient.tables.flat(), ask);
    throw denied === undefined ? error : denied.error;
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
  if (schema.unavailable.includes('medical-alerts') && !hidden.has('medicalAlert')) {
    const denied = await deniedTable(map.medicalHistory.tables.flat(), ask);
    if (denied !== undefined) hidden.set('medicalAlert', denied.table);
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
