import * as z from 'zod';
import { AgentError } from '../runtime/index.ts';
import { schemaMap, type EntityMap, type EntityName, type FieldMap } from './schema-map.ts';

const names = z.union([
  z
    .string()
    .min(1)
    .max(128)
    .transform((name) => [name]),
  z.array(z.string().min(1).max(128)).min(1).max(20),
]);
/** Entity → field → the candidate columns that replace the map's; `table` replaces the candidate tables. */
const overridesSchema = z.record(z.string(), z.record(z.string(), names));

/**
 * The schema map with parts replaced, as the licence answer says. What it names is looked for alone.
 * @throws AgentError PRACTICE_SCHEMA_UNSUPPORTED for entities, fields and shapes that do not exist
 */
export function mapWithOverrides(
  overrides: Readonly<Record<string, unknown>>,
): Readonly<Record<EntityName, EntityMap>> {
  const parsed = overridesSchema.safeParse(overrides);
  if (!parsed.success) throw refused(parsed.error.issues[0]?.path.join('.') ?? '');
  const map: Record<EntityName, EntityMap> = { ...schemaMap };
  for (const [entity, replacements] of Object.entries(parsed.data)) {
    if (!Object.hasOwn(schemaMap, entity)) throw refused(entity);
    const name = entity as EntityName;
    const { table, ...columns } = replacements;
    const fields: Record<string, FieldMap> = { ...map[name].fields };
    for (const [field, candidates] of Object.entries(columns)) {
      const old = Object.hasOwn(fields, field) ? fields[field] : undefined;
      if (old === undefined) throw refused(`${entity}.${field}`);
      fields[field] = { ...old, ranks: candidates.map((candidate) => [candidate]) };
    }
    map[name] = {
      ...map[name],
      fields,
      ...(table === undefined ? {} : { tables: table.map((candidate) => [candidate]) }),
    };
  }
  return map;
}

const refused = (part: string): AgentError =>
  new AgentError('PRACTICE_SCHEMA_UNSUPPORTED', { details: { override: part.slice(0, 200) } });
