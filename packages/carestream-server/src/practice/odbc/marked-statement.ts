import type { Parameters, ResultSets } from '../driver.ts';

/** A text with `?` for each parameter, and the values in the order of the marks. */
export interface MarkedStatement {
  readonly text: string;
  readonly values: readonly number[];
}

/** What stands in brackets or quotes, or a name that begins with `@`. */
const parts = /\[(?:[^\]]|\]\])*\]|'(?:[^']|'')*'|"(?:[^"]|"")*"|@@?\w+/g;

/**
 * Ends every text with a result set of one value. FreeTDS tells the rows before a cut connection as if they were all: only what
 * comes after them proves that nothing is missing. The value is a parameter, because a text without any loses empty result sets
 * on its way through the driver.
 */
const endMark = '\nSELECT ?;';
const endValue = 1;

/** Takes the end mark away. @returns undefined where it is not there: the answer is not whole */
export function wholeAnswer(sets: ResultSets): ResultSets | undefined {
  const last = sets.at(-1);
  return last?.length === 1 && last[0]?.[0] === endValue && last[0].length === 1 ? sets.slice(0, -1) : undefined;
}

/** Writes named parameters as ODBC has them. A `?` or `@` in a name or a text is left alone. */
export function markParameters(text: string, parameters: Parameters = {}): MarkedStatement {
  const values: number[] = [];
  const marked = text.replace(parts, (part) => {
    const value =
      part.startsWith('@') && Object.hasOwn(parameters, part.slice(1)) ? parameters[part.slice(1)] : undefined;
    if (value === undefined) return part;
    values.push(value);
    return '?';
  });
  return { text: marked + endMark, values: [...values, endValue] };
}
