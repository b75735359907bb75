import type { Parameters } from '../driver.ts';

/** A text with `?` for each parameter, and the values in the order of the marks. */
export interface MarkedStatement {
  readonly text: string;
  readonly values: readonly number[];
}

/** What stands in brackets or quotes, or a name that begins with `@`. */
const parts = /\[(?:[^\]]|\]\])*\]|'(?:[^']|'')*'|"(?:[^"]|"")*"|@@?\w+/g;

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
  return { text: marked, values };
}
