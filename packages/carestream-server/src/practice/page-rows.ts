import { AgentError } from '../runtime/index.ts';
import type { BasicsRow, BasicsRows, Cell } from '../records/index.ts';
import { packedPageOf, readable } from './packed-page.ts';
import type { ResolvedEntity, ResolvedSchema } from './resolved-schema.ts';
import type { BasicsReader } from './row-readers.ts';
import type { ManyRows } from './sql-connection.ts';
import { unpackRows } from './tds/packed-rows.ts';

/** A page of the patients' table: one row for each patient, whatever the tables beside it hold. */
export interface PageRows {
  readonly rows: BasicsRows;
  /** Where the next page begins; null after the last one. */
  readonly lastCode: number | null;
  /** For each row that is left out because one before it bears the same code, that code. */
  readonly repeatedCodes: readonly number[];
}

/** What rows are read by. */
export interface PageReader {
  readonly schema: Pick<ResolvedSchema, 'entities' | 'addressPlace'>;
  readonly basics: BasicsReader;
}

/** Where paging goes on after a page that held no number at all. */
const beforeEveryCode = Number.MIN_SAFE_INTEGER;

/** Whether a patient can have no second row: neither the patient nor the address beside it comes twice. */
function isOneRowEach({ schema: { entities, addressPlace } }: PageReader): boolean {
  const { patient, address } = entities;
  const oneAddress = isKey(address, addressPlace === 'address-code' ? 'addressCode' : 'patientCode');
  return isKey(patient, 'patientCode') && (address === undefined || oneAddress);
}

/** Rows of a query for a page, or by code; `pageRows` is how many a full page has. @throws AgentError PRACTICE_QUERY_FAILED */
export function pageOf(rows: ManyRows, pageRows: number, reader: PageReader): PageRows {
  if (!('starts' in rows)) return pageOfValues(rows, pageRows, reader);
  const full = rows.starts.length >= pageRows;
  const addresses = reader.schema.entities.address === undefined ? 0 : 1;
  const page = packedPageOf(rows, { basics: reader.basics, addresses, leavesOutLast: full && !isOneRowEach(reader) });
  if (page === null)
    return pageOfValues(
      readable(() => unpackRows(rows)),
      pageRows,
      reader,
    );
  return { rows: page.rows, repeatedCodes: [], lastCode: full ? page.lastCode : null };
}

/** @see {@link pageOf} */
export function pageOfValues(values: readonly (readonly Cell[])[], pageRows: number, reader: PageReader): PageRows {
  const { patient, address } = reader.schema.entities;
  const codeIsKey = isKey(patient, 'patientCode');
  const rows: BasicsRow[] = [];
  const repeatedCodes: number[] = [];
  let previous = Number.NEGATIVE_INFINITY;
  let chosen: readonly Cell[] | undefined;
  let addresses = 0;
  const finish = (): void => {
    if (chosen !== undefined) rows.push(reader.basics.read(chosen, addresses));
  };
  const full = values.length >= pageRows;
  const end = full && !isOneRowEach(reader) ? endOfWhole(values) : values.length;
  for (let index = 0; index < end; index += 1) {
    const row = values[index] ?? [];
    const code = numberOf(row[0]);
    if (code === null) {
      // No usable code: mapping refuses it, and it counts.
      rows.push(reader.basics.read(row, 0));
      continue;
    }
    if (code < previous) throw new AgentError('PRACTICE_QUERY_FAILED', { details: { reason: 'codes do not ascend' } });
    if (chosen === undefined || code > previous) {
      finish();
      previous = code;
      chosen = row;
      addresses = address === undefined ? 0 : 1;
    } else if (address !== undefined && (codeIsKey || differInAddress(reader.basics, row, chosen))) {
      addresses += 1;
      // Whichever order the server chose today, the same address is passed on.
      if (reader.basics.isAddressBefore(row, chosen)) chosen = row;
    } else repeatedCodes.push(code);
  }
  finish();
  return { rows, repeatedCodes, lastCode: full ? Math.max(previous, beforeEveryCode) : null };
}

/** Two rows of a code that is no key: one patient with two addresses, or two patients with one code? */
const differInAddress = (basics: BasicsReader, one: readonly Cell[], other: readonly Cell[]): boolean =>
  basics.isSamePerson(one, other) && (basics.isAddressBefore(one, other) || basics.isAddressBefore(other, one));

/** Whether no two rows of a table can bear the same value there. */
function isKey(entity: ResolvedEntity | undefined, field: string): boolean {
  return entity?.primaryKey.length === 1 && entity.primaryKey[0] === entity.columns[field]?.[0]?.name;
}

/**
 * A full page may end amidst the rows of one patient: the rows of its last code are read again with the next page, unless the page
 * holds nothing else.
 */
function endOfWhole(values: readonly (readonly Cell[])[]): number {
  const last = numberOf(values.at(-1)?.[0]);
  const end = values.findLastIndex((row) => numberOf(row[0]) !== last) + 1;
  return end === 0 ? values.length : end;
}

/** Any number at all, so that paging gets past rows that mapping refuses. */
const numberOf = (cell: Cell): number | null => {
  if (typeof cell === 'number') return Number.isFinite(cell) ? cell : null;
  if (typeof cell === 'bigint' || (typeof cell === 'string' && /^\s*-?\d{1,19}\s*$/.test(cell))) return Number(cell);
  return null;
};
