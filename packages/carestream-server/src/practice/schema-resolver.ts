import { createHash } from 'node:crypto';
import { AgentError } from '../runtime/index.ts';
import type { Catalogue, CatalogueColumn, CatalogueTable } from './catalogue.ts';
import type { AddressPlace, MissingField, ResolvedColumn, ResolvedEntity, ResolvedSchema } from './resolved-schema.ts';
import {
  addressLineFields,
  schemaMap,
  type EntityMap,
  type EntityName,
  type FieldMap,
  type TypeFamily,
} from './schema-map.ts';

const families: Readonly<Record<string, TypeFamily>> = {
  bit: 'whole',
  tinyint: 'whole',
  smallint: 'whole',
  int: 'whole',
  bigint: 'whole',
  decimal: 'number',
  numeric: 'number',
  float: 'number',
  real: 'number',
  money: 'number',
  smallmoney: 'number',
  char: 'text',
  varchar: 'text',
  nchar: 'text',
  nvarchar: 'text',
  text: 'text',
  ntext: 'text',
  datetime: 'moment',
  smalldatetime: 'moment',
  date: 'moment',
  datetime2: 'moment',
  datetimeoffset: 'moment',
  uniqueidentifier: 'guid',
};

/** The family of a type, undefined for those that nothing of ours can be read from. */
export const familyOf = (type: string): TypeFamily | undefined =>
  Object.hasOwn(families, type) ? families[type] : undefined;

/** Names are compared without case, spaces, underscores and hyphens. */
export const foldName = (name: string): string => name.toLowerCase().replace(/[\s_-]+/g, '');

const partNames: Partial<Record<EntityName, string>> = {
  medicalAlert: 'medical-alerts',
  completedQuestionnaire: 'questionnaires',
  givenAnswer: 'given-answers',
  question: 'questions',
  presetAnswer: 'preset-answers',
};

/**
 * Finds in a practice's catalogue what the schema map looks for. Pure.
 * @throws AgentError PRACTICE_SCHEMA_UNSUPPORTED: what was looked for and what stands there instead
 */
export function resolveSchema(
  catalogue: Catalogue,
  map: Readonly<Record<EntityName, EntityMap>> = schemaMap,
): ResolvedSchema {
  const missing: MissingField[] = [];
  const found: { [Entity in EntityName]?: ResolvedEntity } = {};
  for (const entity of [
    ...(Object.keys(map) as EntityName[]).filter((name) => name !== 'givenAnswer'),
    'givenAnswer',
  ] as const) {
    const entityMap = entity === 'givenAnswer' ? pointingAt(found, map.givenAnswer) : map[entity];
    const resolved = resolveEntity(entity, entityMap, catalogue, missing);
    if (resolved !== undefined) found[entity] = resolved;
  }
  const { patient } = found;
  if (patient === undefined) throw new AgentError('PRACTICE_SCHEMA_UNSUPPORTED', { details: { entity: 'patient' } });
  const addressPlace = placeOfAddress(patient, found.address);
  if (addressPlace !== 'address-code' && addressPlace !== 'patient-code') delete found.address;
  dropUnusable(found);
  return {
    entities: found,
    addressPlace,
    missing: missing.filter((each) => isMissed(each, addressPlace)),
    unavailable: unavailableOf(found, addressPlace),
    unindexed: unindexedOf(found, addressPlace),
    fingerprint: fingerprintOf(found, addressPlace),
  };
}

function resolveEntity(
  entity: EntityName,
  map: EntityMap,
  catalogue: Catalogue,
  missing: MissingField[],
): ResolvedEntity | undefined {
  const unlike = new Set((map.unlike ?? []).map(foldName));
  const refused: string[] = [];
  for (const rank of map.tables) {
    const wanted = new Set(rank.map(foldName));
    let fitting: { table: CatalogueTable; columns: ResolvedEntity['columns']; lacks: MissingField[] }[] = [];
    for (const table of catalogue.tables) {
      if (!wanted.has(foldName(table.name)) || table.columns.some((column) => unlike.has(foldName(column.name))))
        continue;
      const lacks: MissingField[] = [];
      const columns = resolveFields({ entity, map, table }, lacks);
      const lack = lacks.find((each) => each.field !== undefined && map.fields[each.field]?.need === 'required');
      if (lack === undefined) fitting.push({ table, columns, lacks });
      else
        refused.push(
          `${table.name} (${lack.field} ${lack.reason === 'ambiguous' ? 'stands in' : 'is none of'} ${lack.candidates.join(', ')})`,
        );
    }
    // A view over a table of the same rank says nothing new, and `dbo` is where R4 keeps its own.
    if (fitting.length > 1 && fitting.some((each) => each.table.schema.toLowerCase() === 'dbo')) {
      fitting = fitting.filter((each) => each.table.schema.toLowerCase() === 'dbo');
    }
    if (fitting.length > 1 && fitting.some((each) => each.table.kind === 'table'))
      fitting = fitting.filter((each) => each.table.kind === 'table');
    const [only] = fitting;
    if (only !== undefined && fitting.length === 1) {
      missing.push(...only.lacks);
      const { schema, name: table, kind, primaryKey, leading } = only.table;
      return { entity, schema, table, kind, primaryKey, leading, columns: only.columns };
    }
    if (only !== undefined) {
      missing.push({ entity, reason: 'ambiguous', candidates: fitting.map((each) => each.table.name) });
      break;
    }
  }
  const ambiguous = missing.find((each) => each.entity === entity && each.reason === 'ambiguous');
  if (map.need === 'required') {
    throw new AgentError('PRACTICE_SCHEMA_UNSUPPORTED', {
      details: {
        entity,
        lookedFor: map.tables.flat().join(', '),
        ...(ambiguous === undefined ? {} : { equallyGood: ambiguous.candidates.join(', ') }),
        ...(refused.length === 0 ? {} : { found: refused.join('; ') }),
      },
    });
  }
  if (ambiguous === undefined)
    missing.push({ entity, reason: 'missing', candidates: refused.length > 0 ? refused : map.tables.flat() });
  return undefined;
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
      resolved[field] = outcome.columns.map((column) => ({ field, name: column.name, type: column.type }));
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

/** Answers may point at the other tables by whatever name those give their own keys. */
function pointingAt(found: ResolvedSchema['entities'], map: EntityMap): EntityMap {
  const fields: Record<string, FieldMap> = { ...map.fields };
  const pointers = { completedId: 'completedQuestionnaire', questionId: 'question', presetId: 'presetAnswer' } as const;
  for (const [field, entity] of Object.entries(pointers)) {
    const own = fields[field];
    const name = found[entity]?.columns['id']?.[0]?.name;
    // A name such as `ID` says nothing of what it points at.
    if (own !== undefined && name !== undefined && foldName(name).length > 4)
      fields[field] = { ...own, ranks: [...own.ranks, [name]] };
  }
  return { ...map, fields };
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
    ? { field: 'id', name, type: column.type }
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
    mistyped = mistyped.concat(
      named.filter((column) => !fitting.includes(column)).map((column) => `${column.name} ${column.type}`),
    );
    if (fitting.length === 0) continue;
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

const has = (entity: ResolvedEntity | undefined, field: string): boolean => (entity?.columns[field]?.length ?? 0) > 0;
const familyOfField = (entity: ResolvedEntity | undefined, field: string): TypeFamily | undefined =>
  familyOf(entity?.columns[field]?.[0]?.type ?? '');

/** Whether two columns can be compared without SQL Server having to convert one into what it may not be. */
function joinable(left: TypeFamily | undefined, right: TypeFamily | undefined): boolean {
  const numeric = (family: TypeFamily | undefined): boolean => family === 'whole' || family === 'number';
  return left !== undefined && (left === right || (numeric(left) && numeric(right)));
}

function placeOfAddress(patient: ResolvedEntity, address: ResolvedEntity | undefined): AddressPlace {
  if (has(patient, 'line1')) return 'patient';
  const useful = addressLineFields.some((field) => has(address, field)) || has(address, 'postcode');
  if (useful && joinable(familyOfField(patient, 'addressCode'), familyOfField(address, 'addressCode')))
    return 'address-code';
  if (useful && has(address, 'patientCode')) return 'patient-code';
  return addressLineFields.some((field) => has(patient, field)) || has(patient, 'postcode') ? 'patient' : 'none';
}

/** Answers that cannot be joined to their questionnaires or questions are no use to anybody. */
function dropUnusable(found: { [Entity in EntityName]?: ResolvedEntity }): void {
  const { completedQuestionnaire: completed, givenAnswer: given, question, presetAnswer: preset } = found;
  if (given === undefined) return;
  const joins =
    joinable(familyOfField(completed, 'id'), familyOfField(given, 'completedId')) &&
    joinable(familyOfField(question, 'id'), familyOfField(given, 'questionId'));
  if (!joins) delete found.givenAnswer;
  // Without the link between a given answer and the presets, nothing says that this table holds what answers are picked from.
  else if (preset !== undefined && !joinable(familyOfField(preset, 'id'), familyOfField(given, 'presetId')))
    delete found.presetAnswer;
}

/** Address fields count as missing only where the address is looked for. */
function isMissed({ entity, field, reason }: MissingField, place: AddressPlace): boolean {
  const need =
    field === undefined ? schemaMap[entity].need : (schemaMap[entity].fields as Record<string, FieldMap>)[field]?.need;
  const ofAddress =
    field === 'line1' || field === 'postcode' || (addressLineFields as readonly string[]).includes(field ?? '');
  if (ofAddress && entity === 'patient' && place !== 'patient' && place !== 'none') return false;
  if (entity === 'address' && place !== 'address-code' && place !== 'patient-code')
    return place === 'none' && reason === 'ambiguous';
  return need !== 'rare' || (reason !== 'missing' && !(reason === 'type'));
}

function unavailableOf(found: ResolvedSchema['entities'], place: AddressPlace): string[] {
  const parts: string[] = [];
  for (const [entity, part] of Object.entries(partNames))
    if (found[entity as EntityName] === undefined) parts.push(part);
  if (place === 'none') parts.push('address');
  return parts.sort();
}

function unindexedOf(found: ResolvedSchema['entities'], place: AddressPlace): string[] {
  const searched: [EntityName, string][] = [
    ['patient', 'patientCode'],
    ['completedQuestionnaire', 'patientCode'],
    ['givenAnswer', 'completedId'],
    ['medicalAlert', 'patientCode'],
    ['address', place === 'address-code' ? 'addressCode' : 'patientCode'],
  ];
  return searched.flatMap(([name, field]) => {
    const entity = found[name];
    const column = entity?.columns[field]?.[0]?.name;
    if (entity === undefined || column === undefined || entity.kind === 'view' || entity.leading === undefined)
      return [];
    return entity.leading.has(column) || entity.primaryKey[0] === column ? [] : [entity.table];
  });
}

function fingerprintOf(found: ResolvedSchema['entities'], place: AddressPlace): string {
  const lines = Object.values(found)
    .flatMap((entity) =>
      Object.values(entity.columns)
        .flat()
        .map((column) =>
          [entity.entity, column.field, entity.schema, entity.table, column.name, column.type].join('\t'),
        ),
    )
    .sort();
  return createHash('sha256')
    .update([place, ...lines].join('\n'))
    .digest('hex')
    .slice(0, 32);
}
