import { mapBasics } from '../basics.ts';
import { emptyBasicsRow, type BasicsRow } from '../rows.ts';
import type { RuleName } from '../rules.ts';
import { createFewValues } from './few-values.ts';
import type { BasicsLayout, PackedBasics } from './packed-basics.ts';
import { ascii, rulesByBit, type PlainRow } from './plain-row.ts';

/** What mapping makes of the columns with few values: each field as it is written, nothing for one that is not there. */
export interface FewFields {
  readonly archived: Uint8Array;
  readonly deceased: Uint8Array;
  readonly sex: Uint8Array;
  /** The rules that applied to them, together with those of these bits. */
  rulesWith(bits: number): readonly RuleName[];
}

/** @returns what the row's cells say; null where mapping has to look at the row */
export type ReadFewFields = (row: PlainRow, rows: PackedBasics, index: number) => FewFields | null;

/** Asks the mapping about each combination once. */
export function createFewFields(layout: BasicsLayout): ReadFewFields {
  const columns = [layout.sex, layout.archived, layout.status, layout.active, layout.deceased];
  const few = createFewValues(columns.filter((column) => column >= 0));
  const known = new Map<number, FewFields | null>();
  return (row, rows, index) => {
    const combination = few.combinationOf(row.bytes, row.places);
    if (combination < 0) return null;
    let fields = known.get(combination);
    if (fields === undefined) {
      fields = fewFieldsOf(rows.at(index));
      known.set(combination, fields);
    }
    return fields;
  };
}

/** What these columns alone make of a patient about whom nothing else is said. */
function fewFieldsOf({ sex, archived, status, active, deceased }: BasicsRow): FewFields | null {
  const row = { ...emptyBasicsRow(1), surname: 'A', sex, archived, status, active, deceased };
  const mapped = mapBasics(row, { today: '' });
  if (mapped.outcome === 'refused' || mapped.record.marks !== undefined) return null;
  const { record, rules } = mapped;
  const field = (name: 'archived' | 'deceased' | 'sex'): Uint8Array =>
    ascii(record[name] === undefined ? '' : `"${name}":${JSON.stringify(record[name])},`);
  const known: (readonly RuleName[])[] = [];
  return {
    archived: field('archived'),
    deceased: field('deceased'),
    sex: field('sex'),
    rulesWith: (bits) =>
      (known[bits] ??= [...new Set([...rulesByBit.filter((_, bit) => ((bits >> bit) & 1) === 1), ...rules])]),
  };
}
