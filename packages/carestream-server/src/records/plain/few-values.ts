/** Columns that hold few different values, each combination of which is worked out once. */
export interface FewValues<Result> {
  /** What was worked out for the cells of the row whose places these are; null where there are too many different ones. */
  of(bytes: Uint8Array, places: Int32Array, workOut: () => Result): Result | null;
}

/** So many values of a column, null included, get a number; so many columns fit the bits of a small integer. */
const [valuesMost, bitsOfValue] = [63, 6];
/** @see {@link FewValues} */
export const fewColumnsMost = 5;
const valueBytesMost = 64;

/**
 * Remembers what was worked out for combinations of raw values. Only their bytes are compared, so that whatever reads them decides.
 * @param columns - where the columns stand among all
 */
export function createFewValues<Result>(columns: readonly number[]): FewValues<Result> {
  if (columns.length > fewColumnsMost) throw new RangeError(`at most ${fewColumnsMost} columns`);
  const known: Uint8Array[][] = columns.map(() => []);
  const results = new Map<number, Result>();

  /** The number of a value among those of its column, from 1 on; 0 for null, -1 for one too many. */
  const numberOf = (values: Uint8Array[], bytes: Uint8Array, offset: number, length: number): number => {
    for (let number = 0; number < values.length; number += 1) {
      if (isSame(values[number]!, bytes, offset, length)) return number + 1;
    }
    if (values.length === valuesMost || length > valueBytesMost) return -1;
    values.push(bytes.slice(offset, offset + length));
    return values.length;
  };

  return {
    of(bytes, places, workOut) {
      let combination = 0;
      for (let index = 0; index < columns.length; index += 1) {
        const column = columns[index]!;
        const length = places[2 * column + 1]!;
        const number = length < 0 ? 0 : numberOf(known[index]!, bytes, places[2 * column]!, length);
        if (number < 0) return null;
        combination = (combination << bitsOfValue) | number;
      }
      let result = results.get(combination);
      if (result === undefined) {
        result = workOut();
        results.set(combination, result);
      }
      return result;
    },
  };
}

function isSame(value: Uint8Array, bytes: Uint8Array, offset: number, length: number): boolean {
  if (value.length !== length) return false;
  for (let at = 0; at < length; at += 1) if (value[at] !== bytes[offset + at]) return false;
  return true;
}
