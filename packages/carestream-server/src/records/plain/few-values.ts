/** Columns that hold few different values. Only their bytes are compared: whatever reads them decides what they mean. */
export interface FewValues {
  /** A number for the values in the row whose cells stand in these places, the same for the same; -1 where there are too many different ones. */
  combinationOf(bytes: Uint8Array, places: Int32Array): number;
}

/** So many values of a column, null included, get a number; so many columns fit the bits of a small integer. */
const [valuesMost, bitsOfValue] = [63, 6];
const columnsMost = 5;
const valueBytesMost = 64;

/** @param columns - where the columns stand among all */
export function createFewValues(columns: readonly number[]): FewValues {
  if (columns.length > columnsMost) throw new RangeError(`at most ${columnsMost} columns`);
  const known: Uint8Array[][] = columns.map(() => []);

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
    combinationOf(bytes, places) {
      let combination = 0;
      for (let index = 0; index < columns.length; index += 1) {
        const column = columns[index]!;
        const length = places[2 * column + 1]!;
        const number = length < 0 ? 0 : numberOf(known[index]!, bytes, places[2 * column]!, length);
        if (number < 0) return -1;
        combination = (combination << bitsOfValue) | number;
      }
      return combination;
    },
  };
}

function isSame(value: Uint8Array, bytes: Uint8Array, offset: number, length: number): boolean {
  if (value.length !== length) return false;
  for (let at = 0; at < length; at += 1) if (value[at] !== bytes[offset + at]) return false;
  return true;
}
