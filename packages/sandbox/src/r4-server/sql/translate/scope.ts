import type { SqlType } from '../../engine.ts';
import type { Database, Table } from '../catalogue/model.ts';
import { atLine, sqlError } from '../errors.ts';
import type { Typed } from './typed.ts';

/** A column that a FROM source offers. */
export interface SourceColumn {
  readonly name: string;
  readonly sql: string;
  readonly type: SqlType;
  readonly nullable: boolean;
  readonly identity: boolean;
  /** The login may read the table, and not this column of it. */
  readonly denied?: boolean;
}

/** One source of FROM. */
export interface Source {
  /** Alias or table name. */
  readonly exposed: string;
  /** Does a qualifier with schema and database match (a table without alias)? */
  readonly qualifiers?: { readonly schema: string; readonly database: string };
  readonly sqlAlias: string;
  readonly columns: readonly SourceColumn[];
  readonly table?: Table;
}

/** What names mean at a place of a query. */
export interface Scope {
  readonly sources: Source[];
  readonly parent: Scope | undefined;
  /** Set while the select list, HAVING or ORDER BY of a grouped query is read. */
  grouping: { readonly keys: ReadonlySet<string>; readonly clause: 'select' | 'having' | 'order' } | undefined;
  /** Are aggregates allowed here, and are we within one? */
  aggregates: 'allowed' | 'inside' | 'where' | 'none';
}

/** An empty scope within another. */
export const createScope = (parent: Scope | undefined): Scope => ({
  sources: [],
  parent,
  grouping: undefined,
  aggregates: 'none',
});

const same = (left: string, right: string) => left.toLowerCase() === right.toLowerCase();

const matchesQualifier = (source: Source, qualifier: readonly string[], current: Database): boolean => {
  const [name = '', schema, database] = [...qualifier].reverse();
  if (!same(source.exposed, name)) return false;
  if (schema === undefined) return true;
  if (source.qualifiers === undefined) return false;
  const schemaFits = schema === '' || same(source.qualifiers.schema, schema);
  return (
    schemaFits && same(source.qualifiers.database, database === undefined || database === '' ? current.name : database)
  );
};

/** The sources that a qualifier such as `p` or `dbo.Patients` means, from the inside out. */
export const findSources = (scope: Scope, qualifier: readonly string[], current: Database): readonly Source[] => {
  for (let at: Scope | undefined = scope; at !== undefined; at = at.parent) {
    const found = at.sources.filter((source) => matchesQualifier(source, qualifier, current));
    if (found.length > 0) return found;
  }
  return [];
};

/**
 * A source's column as a typed expression.
 * @throws SqlServerError 230
 */
export const columnOf = (source: Source, column: SourceColumn): Typed => {
  const { table } = source;
  if (column.denied === true && table !== undefined)
    throw sqlError(230, 'SELECT', column.name, table.name, table.database.name, table.schema);
  return {
    sql: column.sql,
    type: column.type,
    nullable: column.nullable,
    column: { name: column.name, identity: column.identity, table: table?.name ?? '' },
  };
};

/**
 * What a column reference means.
 * @throws SqlServerError 207, 209, 4104
 */
export const resolveColumn = (
  scope: Scope | undefined,
  parts: readonly string[],
  at: { readonly database: Database; readonly line: number },
): { typed: Typed; owner: Scope } => {
  const name = parts.at(-1) ?? '';
  const qualifier = parts.slice(0, -1);
  for (let current = scope; current !== undefined; current = current.parent) {
    const candidates =
      qualifier.length === 0
        ? current.sources
        : current.sources.filter((source) => matchesQualifier(source, qualifier, at.database));
    const found = candidates.flatMap((source) =>
      source.columns.filter((column) => same(column.name, name)).map((column) => columnOf(source, column)),
    );
    if (found.length > 1) throw atLine(sqlError(209, name), at.line);
    if (found[0] !== undefined) return { typed: found[0], owner: current };
    if (qualifier.length > 0 && candidates.length > 0) throw atLine(sqlError(207, name), at.line);
  }
  throw atLine(qualifier.length === 0 ? sqlError(207, name) : sqlError(4104, parts.join('.')), at.line);
};
