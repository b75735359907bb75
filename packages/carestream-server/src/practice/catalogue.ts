/** What the server says of its database: names and types of everything that could be read. Pure data. */
export interface Catalogue {
  readonly tables: readonly CatalogueTable[];
}

/** A table or view. */
export interface CatalogueTable {
  readonly schema: string;
  readonly name: string;
  readonly kind: 'table' | 'view';
  readonly columns: readonly CatalogueColumn[];
  /** In key order; empty for none and for views. */
  readonly primaryKey: readonly string[];
  /** Columns with which an index begins; undefined where indexes could not be read. */
  readonly leading: ReadonlySet<string> | undefined;
}

/** A column. */
export interface CatalogueColumn {
  readonly name: string;
  /** As `INFORMATION_SCHEMA` spells it: `nvarchar`. */
  readonly type: string;
  /** Characters; -1 for `(max)`; null where it means nothing. */
  readonly length: number | null;
  /** Digits of an exact number. */
  readonly precision?: number;
}

/** Rows of the catalogue queries, in the order of their statements' columns. */
export interface CatalogueRows {
  readonly columns: readonly (readonly unknown[])[];
  readonly views: readonly (readonly unknown[])[];
  readonly keys: readonly (readonly unknown[])[];
  /** Undefined where the login may not see indexes. */
  readonly indexes: readonly (readonly unknown[])[] | undefined;
}

const keyOf = (schema: unknown, table: unknown): string => `${String(schema)}\u0000${String(table)}`;

/** Puts the rows of the catalogue queries together. */
export function catalogueOf(rows: CatalogueRows): Catalogue {
  const columns = groupBy(rows.columns, ([, , name, type, length, precision]) => ({
    name: String(name),
    type: String(type).toLowerCase(),
    length: typeof length === 'number' ? length : null,
    ...(typeof precision === 'number' ? { precision } : {}),
  }));
  const keys = groupBy(rows.keys, ([, , name]) => String(name));
  const leading = rows.indexes === undefined ? undefined : groupBy(rows.indexes, ([, , name]) => String(name));
  const views = new Set(rows.views.map(([schema, table]) => keyOf(schema, table)));
  const tables: CatalogueTable[] = [];
  for (const [key, own] of columns) {
    const [schema = '', name = ''] = key.split('\u0000');
    tables.push({
      schema,
      name,
      kind: views.has(key) ? 'view' : 'table',
      columns: own,
      primaryKey: keys.get(key) ?? [],
      leading: leading === undefined ? undefined : new Set(leading.get(key)),
    });
  }
  return { tables };
}

function groupBy<Item>(
  rows: readonly (readonly unknown[])[],
  itemOf: (row: readonly unknown[]) => Item,
): Map<string, Item[]> {
  const groups = new Map<string, Item[]>();
  for (const row of rows) {
    const key = keyOf(row[0], row[1]);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [itemOf(row)]);
    else group.push(itemOf(row));
  }
  return groups;
}
