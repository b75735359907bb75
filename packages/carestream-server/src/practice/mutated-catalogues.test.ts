import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { isAgentError } from '../runtime/index.ts';
import type { Catalogue, CatalogueTable } from './catalogue.ts';
import { schemaMap, type EntityMap, type EntityName, type FieldMap, type TypeFamily } from './schema-map.ts';
import { foldName } from './identifiers.ts';
import { resolveSchema } from './schema-resolver.ts';

const typesOf: Readonly<Record<TypeFamily, readonly string[]>> = {
  whole: ['int', 'bigint', 'smallint'],
  number: ['decimal', 'float'],
  text: ['varchar', 'nvarchar', 'char', 'ntext'],
  moment: ['datetime', 'date', 'smalldatetime'],
  guid: ['uniqueidentifier'],
};
const noise = [
  'DentistCode',
  'LastUpdated',
  'CreditLimit',
  'UserCode',
  'Occupation',
  'RecallDate',
  'Discount',
  'Marital',
  'GPCode',
];

/** A name as some other practice spells it. */
const respelled = (name: string): fc.Arbitrary<string> =>
  fc.constantFrom(
    name,
    name.toLowerCase(),
    name.toUpperCase(),
    name.replace(/(?<=[a-z])(?=[A-Z])/g, '_'),
    name.replace(/(?<=[a-z])(?=[A-Z])/g, ' '),
  );

interface MutatedTable {
  readonly table: CatalogueTable;
  /** Field → the column that was written for it. */
  readonly truth: Readonly<Record<string, string>>;
}

/** Fields whose candidates are other fields' second choice: only one of each group stands in a table. */
const rivals: readonly (readonly string[])[] = [
  ['homePhone', 'otherPhone'],
  ['archived', 'status', 'active'],
  ['deceased', 'diedOn'],
];

function tableOf(
  entity: EntityName,
  map: EntityMap,
  choose: <Item>(items: readonly Item[]) => Item,
  keep: () => boolean,
): MutatedTable {
  const truth: Record<string, string> = {};
  const columns: { name: string; type: string; length: null }[] = [];
  const used = new Set<string>();
  for (const [field, each] of Object.entries(map.fields) as [string, FieldMap][]) {
    if (each.need !== 'required' && !keep()) continue;
    if (rivals.some((group) => group.includes(field) && group.some((rival) => rival in truth))) continue;
    // Keys join by number here, so that every practice made up has a joinable history.
    const family: TypeFamily = each.types.includes('whole') ? 'whole' : choose(each.types);
    const candidates = each.ranks
      .flat()
      .filter((name) => !used.has(foldName(name)) && !isCandidateOfAnother(entity, field, name, truth));
    if (candidates.length === 0) continue;
    const plain = choose(candidates);
    const name = choose(fc.sample(respelled(plain), { numRuns: 3, seed: columns.length }));
    used.add(foldName(name));
    truth[field] = name;
    columns.push({ name, type: choose(typesOf[family]), length: null });
  }
  for (const name of noise) if (keep() && !used.has(foldName(name))) columns.push({ name, type: 'int', length: null });
  columns.sort(() => (keep() ? 1 : -1));
  const key = truth['patientCode'] ?? truth['id'] ?? truth['addressCode'];
  return {
    truth,
    table: {
      schema: 'dbo',
      name: choose(map.tables.flat()),
      kind: 'table',
      columns,
      primaryKey: key === undefined ? [] : [key],
      leading: new Set(),
    },
  };
}

/** Whether a name also stands among the candidates of another field, so that nobody could say whose it is. */
function isCandidateOfAnother(
  entity: EntityName,
  field: string,
  name: string,
  truth: Readonly<Record<string, string>>,
): boolean {
  const fields = schemaMap[entity].fields as Readonly<Record<string, FieldMap>>;
  return Object.entries(fields).some(
    ([other, map]) =>
      other !== field &&
      !(other in truth) &&
      map.ranks.flat().some((candidate) => foldName(candidate) === foldName(name)),
  );
}

test('practices as nobody has seen them: each field is found where it stands, or refused by name', () => {
  let resolved = 0;
  fc.assert(
    fc.property(fc.infiniteStream(fc.nat(1_000_000)), (stream) => {
      const next = (): number => stream.next().value as number;
      const choose = <Item>(items: readonly Item[]): Item => items[next() % items.length] as Item;
      const keep = (): boolean => next() % 4 !== 0;
      const entities = (['patient', 'completedQuestionnaire', 'question', 'medicalAlert'] as const).filter(
        (entity) => entity === 'patient' || keep(),
      );
      const made = new Map(
        entities.map((entity) => [entity as EntityName, tableOf(entity, schemaMap[entity], choose, keep)]),
      );
      const names = [...made.values()].map(({ table }) => foldName(table.name));
      fc.pre(new Set(names).size === names.length);
      const catalogue: Catalogue = { tables: [...made.values()].map(({ table }) => table) };
      try {
        const schema = resolveSchema(catalogue);
        resolved += 1;
        for (const [entity, { table, truth }] of made) {
          const found = schema.entities[entity];
          if (found === undefined) continue;
          expect(found.table).toBe(table.name);
          for (const [field, columns] of Object.entries(found.columns)) {
            for (const column of columns)
              expect(`${entity}.${field}: ${column.name}`).toBe(`${entity}.${field}: ${truth[field]}`);
          }
          for (const field of Object.keys(truth)) {
            const known =
              field in found.columns ||
              schema.missing.some(
                (each) => each.entity === entity && each.field === field && each.reason !== 'missing',
              );
            expect(known, `${entity}.${field} (${truth[field]})`).toBe(true);
          }
        }
        for (const entity of entities) {
          const said =
            schema.entities[entity] !== undefined ||
            schema.missing.some((each) => each.entity === entity && each.field === undefined);
          expect(said, entity).toBe(true);
        }
      } catch (error) {
        if (!isAgentError(error)) throw error;
        expect(error.code).toBe('PRACTICE_SCHEMA_UNSUPPORTED');
        expect(error.details).toHaveProperty('lookedFor');
      }
    }),
    { numRuns: 300, seed: 20_261_122 },
  );
  expect(resolved).toBeGreaterThan(150);
});
