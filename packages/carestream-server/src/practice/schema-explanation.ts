import type { ErrorCode } from '../contract/index.ts';
import { isAgentError, type ErrorDetails } from '../runtime/index.ts';
import type { Catalogue } from './catalogue.ts';
import type { PracticeSchema } from './practice-reader.ts';
import { readCatalogue, readPracticeSchema, usableMap, type ReadPractice } from './practice-schema.ts';
import type {
  ConsideredTable,
  MissingField,
  ResolvedColumn,
  ResolvedEntity,
  ResolvedSchema,
} from './resolved-schema.ts';
import { addressLineFields, schemaMap, type EntityMap, type EntityName, type FieldMap } from './schema-map.ts';
import { foldName } from './identifiers.ts';
import { searchSchema } from './schema-resolver.ts';
import type { SqlConnection } from './sql-connection.ts';

/** How a part of the schema map fared. `unused`: there, and not read; `elsewhere`: another entity holds it. */
export type PartState = 'found' | 'missing' | 'ambiguous' | 'type' | 'denied' | 'unused' | 'elsewhere';

/** Where a field comes from. Names and types; no value of a patient. */
export interface FieldExplanation {
  readonly field: string;
  readonly need: FieldMap['need'];
  /** What a yes there says, where the field is a medical alert. */
  readonly flag?: string;
  readonly state: PartState;
  /** `Patients.DOB datetime`; several where a field takes many. */
  readonly from: readonly string[];
  /** Columns of the same table that could have held it and were not taken. */
  readonly considered: readonly string[];
  /** In order; empty where the field was found. */
  readonly lookedFor: readonly string[];
}

/** Where an entity comes from. */
export interface EntityExplanation {
  readonly entity: EntityName;
  readonly need: EntityMap['need'];
  readonly state: PartState;
  readonly table: string | null;
  readonly kind: 'table' | 'view' | null;
  readonly considered: readonly { readonly table: string; readonly why: string }[];
  readonly lookedFor: readonly string[];
  readonly fields: readonly FieldExplanation[];
}

/** What a practice's database looks like to us, part by part. */
export interface SchemaExplanation {
  /** The code and details of what stands in the way of reading patients, or null. */
  readonly failure: { readonly code: ErrorCode; readonly details: ErrorDetails } | null;
  readonly product: string | null;
  /** How pages are read. */
  readonly isolation: string | null;
  readonly fingerprint: string | null;
  readonly addressPlace: ResolvedSchema['addressPlace'] | null;
  readonly answerLink: ResolvedSchema['answerLink'] | null;
  readonly warnings: readonly ErrorCode[];
  readonly unavailable: readonly string[];
  readonly unindexed: readonly string[];
  readonly refusedOverrides: readonly string[];
  readonly entities: readonly EntityExplanation[];
}

/** Reads the catalogue and explains what was found in it, also where that is not enough to read patients. */
export async function readExplanation(
  connection: SqlConnection,
  options: { readonly overrides?: Readonly<Record<string, unknown>> },
  signal: AbortSignal,
): Promise<SchemaExplanation> {
  const catalogue = await readCatalogue(connection, signal);
  const { map, refused } = usableMap(catalogue, options.overrides ?? {});
  let practice: ReadPractice | undefined;
  let failure: SchemaExplanation['failure'] = null;
  try {
    practice = await readPracticeSchema(connection, options, signal);
  } catch (error) {
    signal.throwIfAborted();
    if (!isAgentError(error)) throw error;
    failure = { code: error.code, details: error.details };
  }
  const schema: PracticeSchema | undefined = practice?.schema;
  return {
    failure,
    product: practice?.product ?? null,
    isolation: practice?.isolation ?? null,
    fingerprint: schema?.fingerprint ?? null,
    addressPlace: schema?.addressPlace ?? null,
    answerLink: schema?.answerLink ?? null,
    warnings: schema?.warnings ?? (refused.length > 0 ? ['PRACTICE_OVERRIDE_INVALID'] : []),
    unavailable: schema?.unavailable ?? [],
    unindexed: schema?.unindexed ?? [],
    refusedOverrides: refused,
    entities: explainEntities(catalogue, { map, schema }),
  };
}

/** Explains each entity of the map. Pure. `schema` is what is read in the end; without it, what the catalogue alone tells. */
export function explainEntities(
  catalogue: Catalogue,
  {
    map = schemaMap,
    schema,
  }: {
    readonly map?: Readonly<Record<EntityName, EntityMap>>;
    readonly schema?: ResolvedSchema | undefined;
  } = {},
): EntityExplanation[] {
  const findings = searchSchema(catalogue, map);
  const entities = schema?.entities ?? findings.schema?.entities ?? {};
  const missing = [...(schema?.missing ?? []), ...findings.missing];
  return (Object.keys(map) as EntityName[]).map((entity) =>
    explainEntity(entity, {
      catalogue,
      map,
      found: entities[entity],
      missing,
      considered: findings.considered,
      addressApart: entities.address !== undefined,
    }),
  );
}

interface Known {
  readonly catalogue: Catalogue;
  readonly map: Readonly<Record<EntityName, EntityMap>>;
  readonly found: ResolvedEntity | undefined;
  readonly missing: readonly MissingField[];
  readonly considered: readonly ConsideredTable[];
  readonly addressApart: boolean;
}

const addressFields: ReadonlySet<string> = new Set([...addressLineFields, 'postcode']);

function explainEntity(entity: EntityName, known: Known): EntityExplanation {
  const { found, map } = known;
  const own = map[entity];
  const lack = known.missing.find((each) => each.entity === entity && each.field === undefined);
  const considered = known.considered
    .filter((each) => each.entity === entity)
    .map(({ table, why }) => ({ table, why }));
  for (const table of lack?.reason === 'ambiguous' ? lack.candidates : [])
    considered.push({ table, why: 'as good as the others' });
  const state: PartState =
    found !== undefined ? 'found' : (lack?.reason ?? (considered.length > 0 ? 'unused' : 'missing'));
  return {
    entity,
    need: own.need,
    state,
    table: found === undefined ? null : `${found.schema}.${found.table}`,
    kind: found?.kind ?? null,
    considered,
    lookedFor: found === undefined ? own.tables.flat() : [],
    fields: found === undefined ? [] : explainFields(found, own, known),
  };
}

function explainFields(
  found: ResolvedEntity,
  own: EntityMap,
  { catalogue, missing, addressApart }: Known,
): FieldExplanation[] {
  const table = catalogue.tables.find((each) => each.name === found.table && each.schema === found.schema);
  const taken = new Set(Object.values(found.columns).flatMap((columns) => columns.map(({ name }) => name)));
  return Object.entries(own.fields).map(([field, { need, ranks, flag }]): FieldExplanation => {
    const columns: readonly ResolvedColumn[] = found.columns[field] ?? [];
    const names = new Set(ranks.flat().map(foldName));
    const considered = (table?.columns ?? []).filter(
      ({ name }) =>
        names.has(foldName(name)) &&
        !columns.some((each) => each.name === name) &&
        // What another field took says nothing of one that is not there.
        (columns.length > 0 || !taken.has(name)),
    );
    const apart = addressApart && found.entity === 'patient' && addressFields.has(field);
    const lack = missing.find((each) => each.entity === found.entity && each.field === field);
    const isMistyped = lack?.reason === 'type' && considered.length > 0;
    const reason = lack?.reason === 'type' && !isMistyped ? 'missing' : lack?.reason;
    return {
      field,
      need,
      ...(flag === undefined ? {} : { flag }),
      state: columns.length > 0 ? 'found' : apart ? 'elsewhere' : (reason ?? 'missing'),
      from: columns.map((column) => `${found.table}.${column.name} ${column.type}`),
      considered: considered.map((column) => `${column.name} ${column.type}`),
      lookedFor: columns.length > 0 || apart ? [] : ranks.flat(),
    };
  });
}
