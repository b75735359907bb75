import type { Catalogue, CatalogueTable } from './catalogue.ts';

/**
 * For tests: a catalogue out of lines such as `Patients: PatientCode int*, Forename nvarchar, Surname nvarchar`. A star makes a
 * column part of the primary key, `+` begins an index with it, a name in front of a dot is the schema, `view` before a name
 * says what it is.
 */
export function writtenCatalogue(text: string): Catalogue {
  return { tables: text.trim().split('\n').map(writtenTable) };
}

function writtenTable(line: string): CatalogueTable {
  const [head = '', list = ''] = line.trim().split(/:\s*/);
  const view = head.startsWith('view ');
  const names = head.replace(/^view /, '').split('.');
  const columns = list.split(/,\s*/).map((column) => {
    const [, name = '', type = '', signs = ''] = /^(.+) (\w+)([*+]*)$/.exec(column.trim()) ?? [];
    return { name, type, length: null, signs };
  });
  return {
    schema: names.length > 1 ? (names[0] ?? '') : 'dbo',
    name: names.at(-1) ?? '',
    kind: view ? 'view' : 'table',
    columns: columns.map(({ name, type, length }) => ({ name, type, length })),
    primaryKey: columns.flatMap(({ name, signs }) => (signs.includes('*') ? [name] : [])),
    leading: new Set(columns.flatMap(({ name, signs }) => (signs.includes('+') ? [name] : []))),
  };
}
