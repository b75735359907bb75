import * as z from 'zod';
import { schemaMap, type EntityMap, type EntityName, type FieldMap } from './schema-map.ts';

const nameSchema = z.string().min(1).max(128);
/** Candidates in order, or null for what is not to be read. */
const candidatesSchema = z.union([
  nameSchema.transform((name) => [name]),
  z.array(nameSchema).min(1).max(20),
  z.null().transform((): string[] => []),
]);
const entitySchema = z.record(z.string(), z.unknown());

/** The schema map of one practice, and which overrides could not be used. */
export interface OverriddenMap {
  readonly map: Readonly<Record<EntityName, EntityMap>>;
  /** `patient.surname`: names of parts, never what was to stand there. */
  readonly refused: readonly string[];
}

/**
 * The schema map with parts replaced, as the licence answer says: entity → field → the candidate columns, and under `table` the
 * candidate tables; one name, several in order, or null for what is not to be read. What an override names is looked for alone.
 * An override that cannot be used is left out and told; the others hold.
 */
export function mapWithOverrides(overrides: Readonly<Record<string, unknown>>): OverriddenMap {
  const map: Record<EntityName, EntityMap> = { ...schemaMap };
  const refused: string[] = [];
  for (const [entity, replacements] of Object.entries(overrides)) {
    if (!Object.hasOwn(schemaMap, entity)) {
      refused.push(entity);
      continue;
    }
    const name = entity as EntityName;
    const parts = replacements === null ? { table: null } : entitySchema.safeParse(replacements).data;
    if (parts === undefined) refused.push(entity);
    else map[name] = overridden(name, map[name], parts, refused);
  }
  return { map, refused: refused.map((part) => part.slice(0, 120)) };
}

function overridden(
  entity: EntityName,
  old: EntityMap,
  parts: Readonly<Record<string, unknown>>,
  refused: string[],
): EntityMap {
  const fields: Record<string, FieldMap> = { ...old.fields };
  let { tables } = old;
  for (const [part, value] of Object.entries(parts)) {
    const candidates = candidatesSchema.safeParse(value).data;
    const isTable = part === 'table';
    const field = Object.hasOwn(fields, part) ? fields[part] : undefined;
    const need = isTable ? old.need : field?.need;
    // What cannot be done without cannot be switched off.
    if (candidates === undefined || need === undefined || (candidates.length === 0 && need === 'required'))
      refused.push(`${entity}.${part}`);
    else if (isTable) tables = candidates.map((candidate) => [candidate]);
    else if (field !== undefined) fields[part] = { ...field, ranks: candidates.map((candidate) => [candidate]) };
  }
  return { ...old, tables, fields };
}
