import { createHash } from 'node:crypto';
import { AgentError } from '../runtime/index.ts';
import type { Catalogue } from './catalogue.ts';
import { resolveEntity, type Notes } from './entity-resolver.ts';
import type { EntityMap } from './field-map.ts';
import type { AddressPlace, AnswerLink, ConsideredTable, MissingField, ResolvedSchema } from './resolved-schema.ts';
import { isMissed, unavailableOf, unindexedOf } from './schema-gaps.ts';
import { linkAnswers, placeOfAddress, pointingAt, unlinkLoose, type FoundEntities } from './schema-links.ts';
import { schemaMap, type EntityName } from './schema-map.ts';

/** What looking through a catalogue found, whether or not it is enough. */
export interface SchemaFindings {
  /** Undefined where patients cannot be read. */
  readonly schema: ResolvedSchema | undefined;
  /** Why there is no schema. */
  readonly failure: AgentError | undefined;
  /** Also what is rarely there. */
  readonly missing: readonly MissingField[];
  readonly considered: readonly ConsideredTable[];
}

/**
 * Finds in a practice's catalogue what the schema map looks for. Pure.
 * @throws AgentError PRACTICE_SCHEMA_UNSUPPORTED: what was looked for and what stands there instead
 */
export function resolveSchema(
  catalogue: Catalogue,
  map: Readonly<Record<EntityName, EntityMap>> = schemaMap,
): ResolvedSchema {
  const { schema, failure } = searchSchema(catalogue, map);
  if (schema === undefined) throw failure ?? new AgentError('PRACTICE_SCHEMA_UNSUPPORTED');
  return schema;
}

/** As {@link resolveSchema}, with everything that was looked at on the way. */
export function searchSchema(
  catalogue: Catalogue,
  map: Readonly<Record<EntityName, EntityMap>> = schemaMap,
): SchemaFindings {
  const notes: Notes = { missing: [], considered: [], loose: [] };
  const { missing, considered } = notes;
  const found: FoundEntities = {};
  let failure: AgentError | undefined;
  // Answers come last: they point at the others.
  const names = (Object.keys(map) as EntityName[]).filter((name) => name !== 'givenAnswer');
  for (const entity of [...names, 'givenAnswer'] as const) {
    const entityMap = entity === 'givenAnswer' ? pointingAt(found, map.givenAnswer) : map[entity];
    const outcome = resolveEntity(entity, entityMap, catalogue, notes);
    if (outcome instanceof AgentError) failure ??= outcome;
    else if (outcome !== undefined) found[entity] = outcome;
  }
  if (found.patient === undefined) return { schema: undefined, failure, missing, considered };
  const addressPlace = placeOfAddress(found, considered);
  unlinkLoose(found, notes);
  const answerLink = linkAnswers(found, notes);
  const schema: ResolvedSchema = {
    entities: found,
    addressPlace,
    answerLink,
    missing: missing.filter((each) => isMissed(each, addressPlace, found)),
    unavailable: unavailableOf(found, addressPlace),
    unindexed: unindexedOf(found, addressPlace, answerLink),
    loose: notes.loose,
    fingerprint: fingerprintOf(found, addressPlace, answerLink),
  };
  return { schema, failure: undefined, missing, considered };
}

function fingerprintOf(found: ResolvedSchema['entities'], place: AddressPlace, link: AnswerLink): string {
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
    .update([place, link, ...lines].join('\n'))
    .digest('hex')
    .slice(0, 32);
}
