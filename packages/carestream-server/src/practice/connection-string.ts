/** One `keyword=value` of a connection string. */
export interface ConnectionKeyword {
  /** Lower-case, inner spaces single. */
  readonly keyword: string;
  readonly value: string;
}

/** What is wrong with a connection string, and where (1 is the first character). Never quotes a value. */
export interface ConnectionStringFault {
  readonly reason: 'keyword-empty' | 'equals-missing' | 'brace-open' | 'text-after-brace' | 'quote-open';
  readonly position: number;
}

/**
 * Parses an ODBC connection string: `keyword=value;` pairs, values in `{braces}` may hold anything, `}}` there stands for `}`.
 * Values in quotes, as OLE DB writes them, are understood too. The first of two equal keywords counts, as in ODBC.
 * @see https://learn.microsoft.com/sql/odbc/reference/syntax/sqldriverconnect-function
 */
export function parseConnectionString(text: string): ConnectionKeyword[] | ConnectionStringFault {
  const pairs: ConnectionKeyword[] = [];
  let at = 0;
  while (at < text.length) {
    if (/[\s;]/.test(text.charAt(at))) {
      at += 1;
      continue;
    }
    const equals = text.indexOf('=', at);
    const end = text.indexOf(';', at);
    if (equals < 0 || (end >= 0 && end < equals)) return { reason: 'equals-missing', position: at + 1 };
    const keyword = text.slice(at, equals).trim().toLowerCase().replace(/\s+/g, ' ');
    if (keyword === '') return { reason: 'keyword-empty', position: at + 1 };
    const value = readValue(text, equals + 1);
    if ('reason' in value) return value;
    if (!pairs.some((pair) => pair.keyword === keyword)) pairs.push({ keyword, value: value.text });
    at = value.next;
  }
  return pairs;
}

function readValue(text: string, start: number): { text: string; next: number } | ConnectionStringFault {
  let at = start;
  while (text.charAt(at) === ' ') at += 1;
  const opening = text.charAt(at);
  if (opening === '{') return readEnclosed(text, at, '}');
  if (opening === '"' || opening === "'") return readEnclosed(text, at, opening);
  const end = text.indexOf(';', at);
  const next = end < 0 ? text.length : end;
  return { text: text.slice(at, next).trim(), next: next + 1 };
}

function readEnclosed(
  text: string,
  start: number,
  closing: string,
): { text: string; next: number } | ConnectionStringFault {
  let value = '';
  for (let at = start + 1; at < text.length; at += 1) {
    const character = text.charAt(at);
    if (character !== closing) value += character;
    else if (text.charAt(at + 1) === closing) {
      value += closing;
      at += 1;
    } else {
      const end = text.indexOf(';', at);
      const rest = text.slice(at + 1, end < 0 ? text.length : end);
      if (rest.trim() !== '') return { reason: 'text-after-brace', position: at + 2 };
      return { text: value, next: end < 0 ? text.length : end + 1 };
    }
  }
  return { reason: closing === '}' ? 'brace-open' : 'quote-open', position: start + 1 };
}
