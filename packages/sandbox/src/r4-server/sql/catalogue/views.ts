import type { SqlType, SqlValue } from '../../engine.ts';
import type { ServerState, SessionState } from '../state.ts';
import type { Database } from './model.ts';

/** A column of a system view. */
export interface ViewColumn {
  readonly name: string;
  readonly type: SqlType;
  readonly nullable: boolean;
}

/** A system view: its columns, and its rows as one session sees them. */
export interface SystemView {
  readonly schema: 'INFORMATION_SCHEMA' | 'sys';
  readonly name: string;
  readonly columns: readonly ViewColumn[];
  /** A right without which the view is refused: 300 or 262. */
  readonly requires?: 'VIEW SERVER STATE' | 'VIEW DATABASE STATE';
  readonly rows: (server: ServerState, session: SessionState, database: Database) => readonly (readonly SqlValue[])[];
}

/** `sysname`. */
export const nameType: SqlType = { name: 'nvarchar', length: 128 };

const shorthands: Readonly<Record<string, SqlType>> = {
  sysname: nameType,
  int: { name: 'int' },
  smallint: { name: 'smallint' },
  tinyint: { name: 'tinyint' },
  bigint: { name: 'bigint' },
  bit: { name: 'bit' },
  datetime: { name: 'datetime' },
  guid: { name: 'uniqueidentifier' },
};

const typeOf = (written: string): SqlType => {
  const known = shorthands[written];
  if (known !== undefined) return known;
  const [, name = '', length] = /^(\w+)\((-?\d+)\)$/.exec(written) ?? [];
  return { name: name as SqlType['name'], length: Number(length) };
};

/** Columns from `name type, name type?` where `?` says that it may be null. */
export const columnsOf = (written: string): ViewColumn[] =>
  written.split(',').map((item) => {
    const [name = '', type = ''] = item.trim().split(/\s+/);
    const nullable = type.endsWith('?');
    return { name, type: typeOf(nullable ? type.slice(0, -1) : type), nullable };
  });
