import { AgentError } from '../runtime/index.ts';
import type { Catalogue, CatalogueColumn, CatalogueTable } from './catalogue.ts';
import type { EntityMap, FieldMap } from './field-map.ts';
import { foldName } from './identifiers.ts';
import type { ConsideredTable, MissingField, ResolvedColumn, ResolvedEntity } from './resolved-schema.ts';
import type { EntityName } from './schema-map.ts';
import { familyOf } from './type-family.ts';

/** What is said of the search on the way. */
export interface Notes {
  readonly missing: MissingField[];
  readonly considered: ConsideredTable[];
  /** What was found, and then joined by nothing. */
  readonly loose: ResolvedEntity[];
}

/** A table that has all that the entity cannot do without. */
interface Fit {
  readonly table: CatalogueTable;
  readonly columns: ResolvedEntity['columns'];
  readonly lacks: readonly MissingField[];
}

/**
 * Finds the table of an entity: the first rank decides in which a table fits. Whatever else bears one of the names is noted with the
 * reason why it is not taken, so that nobody has to guess.
 *
 * @returns an error for what is required; undefined for what is missing otherwise, which is noted
 */
export function resolveEntity(
  entity: EntityName,
  map: EntityMap,
  catalogue: Catalogue,
  notes: Notes,
): ResolvedEntity | AgentError | undefined {
  const refused: string[] = [];
  for (const [index, rank] of map.tables.entries()) {
    const fitting: Fit[] = [];
    for (const table of tablesOf(catalogue, rank)) {
      const fit = fitOf(entity, map, table);
      if (typeof fit !== 'string') fitting.push(fit);
      else {
        notes.considered.push({ entity, table: table.name, why: fit });
        // What belongs to patients is something else; what lacks a column may be it.
        if (alienColumn(map, table) === undefined) refused.push(`${table.name} (${fit})`);
      }
    }
    const [only, ...more] = preferred(fitting);
    if (only === undefined) continue;
    const lower = tablesOf(catalogue, map.tables.slice(index + 1).flat());
    if (more.length > 0) {
      notes.missing.push({ entity, reason: 'ambiguous', candidates: distinctNames([only, ...more]) });
      for (const table of lower) passOver(notes, entity, { table, why: 'the others come first' });
      break;
    }
    notes.missing.push(...only.lacks);
    const why = `${only.table.schema}.${only.table.name} comes first`;
    for (const { table } of fitting) if (table !== only.table) passOver(notes, entity, { table, why });
    for (const table of lower) if (table !== only.table) passOver(notes, entity, { table, why });
    const { schema, name: table, kind, primaryKey, leading } = only.table;
    return { entity, schema, table, kind, primaryKey, leading, columns: only.columns };
  }
  return absent(entity, map, { notes, refused });
}

const passOver = (
  { considered }: Notes,
  entity: EntityName,
  { table, why }: { readonly table: CatalogueTable; readonly why: string },
): void => void considered.push({ entity, table: table.name, why });

/** Tables that bear one of the names, with or without their schema in front. */
function tablesOf({ tables }: Catalogue, names: readonly string[]): CatalogueTable[] {
  const wanted = new Set(names.map(foldName));
  return tables.filter(
    (table) => wanted.has(foldName(table.name)) || wanted.has(foldName(`${table.schema}.${table.name}`)),
  );
}

function alienColumn({ unlike }: EntityMap, table: CatalogueTable): string | undefined {
  if (unlike === undefined) return undefined;
  const names = new Set(unlike.map(foldName));
  return table.columns.find((column) => names.has(foldName(column.name)))?.name;
}

/** @returns why it does not fit, where it does not */
function fitOf(entity: EntityName, map: EntityMap, table: CatalogueTable): Fit | string {
  const alien = alienColumn(map, table);
  if (alien !== undefined) return `it belongs to patients: it holds ${alien}`;
  const lacks: MissingField[] = [];
  const columns = resolveFields({ entity, map, table }, lacks);
  const lack = lacks.find((each) => each.field !== undefined && map.fields[each.field]?.need === 'required');
  if (lack !== undefined) return wordsOf(lack);
  const without = map.oneOf?.find((group) => !group.some((fields) => fields.every((field) => field in columns)));
  if (without === undefined) return { table, columns, lacks };
  const nearly = lacks.find(({ field, reason }) => without.flat().includes(field ?? '') && reason !== 'missing');
  const alternatives = without.map((fields) => fields.join(' with '));
  const shown = alternatives.length > 6 ? [...alternatives.slice(0, 6), 'and others'] : alternatives;
  return nearly === undefined ? `none of ${shown.join(', ')}` : wordsOf(nearly);
}

function wordsOf({ field, reason, candidates }: MissingField): string {
  const names = candidates.join(', ');
  if (reason === 'ambiguous') return `${field} stands in ${names}`;
  return reason === 'type' ? `${field} has an unexpected type: ${names}` : `${field} is none of ${names}`;
}

/** `dbo` is where R4 keeps its own, and a view over a table of the same rank says nothing new. */
function preferred(fitting: readonly Fit[]): readonly Fit[] {
  let left = fitting;
  for (const isBetter of [
    ({ table }: Fit) => table.schema.toLowerCase() === 'dbo',
    ({ table }: Fit) => table.kind === 'table',
  ])
    if (left.length > 1 && left.some(isBetter)) left = left.filter(isBetter);
  return left;
}

function absent(
  entity: EntityName,
  map: EntityMap,
  { notes, refused }: { readonly notes: Notes; readonly refused: readonly string[] },
): AgentError | undefined {
  const ambiguous = notes.missing.find((each) => each.entity === entity && each.reason === 'ambiguous');
  if (map.need === 'required') {
    return new AgentError('PRACTICE_SCHEMA_UNSUPPORTED', {
      details: {
        entity,
        lookedFor: map.tables.flat().join(', '),
        ...(ambiguous === undefined ? {} : { equallyGood: ambiguous.candidates.join(', ') }),
        ...(refused.length === 0 ? {} : { found: refused.join('; ') }),
      },
    });
  }
  if (ambiguous === undefined)
    notes.missing.push({ entity, reason: 'missing', candidates: refused.length > 0 ? refused : map.tables.flat() });
  return undefined;
}

/** With their schemas where names alone do not tell them apart. */
function distinctNames(fitting: readonly { readonly table: CatalogueTable }[]): string[] {
  const names = fitting.map(({ table }) => table.name);
  return new Set(names).size === names.length ? names : fitting.map(({ table }) => `${table.schema}.${table.name}`);
}

function resolveFields(
  { entity, map, table }: { entity: EntityName; map: EntityMap; table: CatalogueTable },
  missing: MissingField[],
): Record<string, ResolvedColumn[]> {
  const resolved: Record<string, ResolvedColumn[]> = {};
  const taken = new Set<string>();
  for (const [field, fieldMap] of Object.entries(map.fields)) {
    const free = table.columns.filter((column) => !taken.has(column.name));
    const outcome = resolveField(fieldMap, { ...table, columns: free });
    if ('reason' in outcome) missing.push({ entity, field, ...outcome });
    else {
      resolved[field] = outcome.columns.map((column) => resolvedColumn(field, column));
      for (const column of outcome.columns) taken.add(column.name);
    }
  }
  const id = keyAsId(map, table, resolved);
  if (id !== undefined) {
    resolved['id'] = [id];
    const reported = missing.findIndex((each) => each.entity === entity && each.field === 'id');
    if (reported >= 0) missing.splice(reported, 1);
  }
  return resolved;
}

function resolvedColumn(field: string, { name, type, precision }: CatalogueColumn): ResolvedColumn {
  return { field, name, type, ...(precision === undefined ? {} : { precision }) };
}

/** A row id has many names; the table says itself which column is its key. */
function keyAsId(
  map: EntityMap,
  table: CatalogueTable,
  resolved: Readonly<Record<string, readonly ResolvedColumn[]>>,
): ResolvedColumn | undefined {
  const idMap = map.fields['id'];
  const [name, ...more] = table.primaryKey;
  if (idMap === undefined || 'id' in resolved || name === undefined || more.length > 0) return undefined;
  if (Object.values(resolved).some((columns) => columns.some((column) => column.name === name))) return undefined;
  const column = table.columns.find((each) => each.name === name);
  const family = familyOf(column?.type ?? '');
  return column !== undefined && family !== undefined && idMap.types.includes(family)
    ? resolvedColumn('id', column)
    : undefined;
}

type FieldOutcome = { readonly columns: readonly CatalogueColumn[] } | Pick<MissingField, 'reason' | 'candidates'>;

function resolveField(map: FieldMap, table: CatalogueTable): FieldOutcome {
  let mistyped: string[] = [];
  for (const rank of map.ranks) {
    const wanted = new Map(rank.map((name, index) => [foldName(name), index]));
    const named = table.columns.filter((column) => wanted.has(foldName(column.name)));
    const fitting = named.filter((column) => {
      const family = familyOf(column.type);
      return family !== undefined && map.types.includes(family);
    });
    const unfit = named.filter((column) => !fitting.includes(column));
    mistyped = mistyped.concat(unfit.map((column) => `${column.name} ${column.type}`));
    if (fitting.length === 0) {
      // R4's number as text is still R4's number: another number beside it is not. GUIDs are keys of another kind.
      if (unfit.some((column) => familyOf(column.type) !== 'guid')) break;
      continue;
    }
    if (map.many === true) {
      return {
        columns: fitting.toSorted((a, b) => (wanted.get(foldName(a.name)) ?? 0) - (wanted.get(foldName(b.name)) ?? 0)),
      };
    }
    if (fitting.length === 1) return { columns: fitting };
    // Of several keys the one that the table itself uses is the better one.
    const own = fitting.filter((column) => table.primaryKey.length === 1 && table.primaryKey[0] === column.name);
    if (own.length === 1) return { columns: own };
    return { reason: 'ambiguous', candidates: fitting.map((column) => column.name) };
  }
  if (mistyped.length > 0) return { reason: 'type', candidates: mistyped };
  return { reason: 'missing', candidates: map.ranks.flat() };
}
