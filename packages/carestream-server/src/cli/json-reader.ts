/** Where something stands in a text; both count from 1. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

/** Why a text is no JSON, in words for the person who wrote it. */
export interface JsonFault {
  readonly position: Position;
  readonly mend: string;
}

/** A JSON text that was read, with the place of each field. */
export interface JsonDocument {
  readonly value: unknown;
  /** Path of field names (`times.hourMs`) → where the name stands. */
  readonly positions: ReadonlyMap<string, Position>;
  /** Paths that were given twice: `JSON.parse` would silently take the last one. */
  readonly repeated: readonly string[];
}

/** @see {@link readJson} */
export type JsonReading =
  | { readonly outcome: 'read'; readonly document: JsonDocument }
  | { readonly outcome: 'fault'; readonly fault: JsonFault };

const depthMost = 64;
const simpleEscapes: Readonly<Record<string, string>> = {
  '"': '"',
  '\\': '\\',
  '/': '/',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
};

class Fault extends Error {
  readonly at: number;
  constructor(at: number, mend: string) {
    super(mend);
    this.at = at;
  }
}

/** Reads JSON (RFC 8259), remembering where each field stands and explaining what people get wrong. Takes exactly what `JSON.parse` takes. */
export function readJson(text: string): JsonReading {
  const positions = new Map<string, Position>();
  const repeated: string[] = [];
  let at = 0;

  const skipSpace = (): void => {
    while (at < text.length && ' \t\n\r'.includes(text[at]!)) at += 1;
  };

  const fail = (mend: string, position = at): never => {
    throw new Fault(position, mend);
  };

  const readString = (): string => {
    const start = at;
    let result = '';
    at += 1;
    for (;;) {
      const char = text[at];
      if (char === undefined || char === '\n' || char === '\r')
        return fail('a text begins here and is not closed with "', start);
      if (char === '"') {
        at += 1;
        return result;
      }
      if (char < ' ') return fail('a tab or control character stands inside a text; write \\t or remove it');
      if (char !== '\\') {
        result += char;
        at += 1;
        continue;
      }
      const escape = text[at + 1] ?? '';
      const plain = Object.hasOwn(simpleEscapes, escape) ? simpleEscapes[escape] : undefined;
      if (plain !== undefined) {
        result += plain;
        at += 2;
        continue;
      }
      const hex = /^u([0-9A-Fa-f]{4})/.exec(text.slice(at + 1, at + 6))?.[1];
      if (hex === undefined) return fail('write each backslash twice, as in "C:\\\\Data"');
      result += String.fromCharCode(Number.parseInt(hex, 16));
      at += 6;
    }
  };

  const readObject = (path: string, depth: number): Record<string, unknown> => {
    const object: Record<string, unknown> = {};
    const open = at;
    at += 1;
    skipSpace();
    if (text[at] === '}') {
      at += 1;
      return object;
    }
    for (;;) {
      skipSpace();
      if (at >= text.length) return fail('the { that stands here is not closed with }', open);
      if (text[at] === '}') return fail('remove the comma before this }');
      if (text[at] !== '"') return fail(unexpected(text, at) ?? 'a field name in double quotes is expected here');
      const nameAt = at;
      const name = readString();
      const fieldPath = path === '' ? name : `${path}.${name}`;
      if (Object.hasOwn(object, name)) repeated.push(fieldPath);
      positions.set(fieldPath, positionOf(text, nameAt));
      skipSpace();
      if (text[at] !== ':') return fail('a colon is missing here, after the field name');
      at += 1;
      const value = readValue(fieldPath, depth + 1);
      // A field called __proto__ is a field like any other.
      Object.defineProperty(object, name, { value, writable: true, enumerable: true, configurable: true });
      skipSpace();
      if (text[at] === '}') {
        at += 1;
        return object;
      }
      if (at >= text.length) return fail('the { that stands here is not closed with }', open);
      if (text[at] !== ',') return fail(unexpected(text, at) ?? 'a comma is missing before this');
      at += 1;
    }
  };

  const readArray = (path: string, depth: number): unknown[] => {
    const array: unknown[] = [];
    const open = at;
    at += 1;
    skipSpace();
    if (text[at] === ']') {
      at += 1;
      return array;
    }
    for (;;) {
      skipSpace();
      if (text[at] === ']') return fail('remove the comma before this ]');
      array.push(readValue(`${path}[${array.length}]`, depth + 1));
      skipSpace();
      if (text[at] === ']') {
        at += 1;
        return array;
      }
      if (at >= text.length) return fail('the [ that stands here is not closed with ]', open);
      if (text[at] !== ',') return fail(unexpected(text, at) ?? 'a comma is missing before this');
      at += 1;
    }
  };

  const readValue = (path: string, depth: number): unknown => {
    if (depth > depthMost) return fail('this is nested too deeply');
    skipSpace();
    const char = text[at];
    if (char === undefined) return fail('the file ends here, where a value is expected');
    if (char === '"') return readString();
    if (char === '{') return readObject(path, depth);
    if (char === '[') return readArray(path, depth);
    const word = /^(?:true|false|null)\b/.exec(text.slice(at, at + 6))?.[0];
    if (word !== undefined) {
      at += word.length;
      return word === 'null' ? null : word === 'true';
    }
    numberPattern.lastIndex = at;
    const number = numberPattern.exec(text)?.[0];
    if (number === undefined) return fail(unexpected(text, at) ?? 'texts stand in double quotes; this is no value');
    at += number.length;
    return Number(number);
  };

  try {
    const value = readValue('', 0);
    skipSpace();
    if (at < text.length) fail('nothing may follow the end of the configuration; remove this');
    return { outcome: 'read', document: { value, positions, repeated } };
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    return { outcome: 'fault', fault: { position: positionOf(text, error.at), mend: error.message } };
  }
}

const numberPattern = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;

/** Mistakes that are the same wherever they stand. */
function unexpected(text: string, at: number): string | null {
  if (text.startsWith('//', at) || text.startsWith('/*', at) || text[at] === '#')
    return 'JSON has no comments; remove this one';
  if (text[at] === "'" || text[at] === '“' || text[at] === '”' || text[at] === '‘' || text[at] === '’') {
    return 'write straight double quotes (") around names and texts';
  }
  if (text[at] === '\\') return 'a backslash stands outside of a text';
  return null;
}

function positionOf(text: string, at: number): Position {
  const before = text.slice(0, at);
  const line = before.split(/\r\n|\r|\n/).length;
  return { line, column: at - Math.max(before.lastIndexOf('\n'), before.lastIndexOf('\r')) };
}
