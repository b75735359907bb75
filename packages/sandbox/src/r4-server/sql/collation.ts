/** How a collation compares; what this simulator knows of it, read from its name. */
export interface CollationRules {
  readonly binary: boolean;
  readonly caseSensitive: boolean;
  readonly accentSensitive: boolean;
  /**
   * Windows' rules rather than SQL Server's own sort order: for Unicode text, and for all text under collations without `SQL_`.
   * There ß equals ss and æ equals ae, and hyphens and apostrophes count last: O'Brien stands behind Oakley.
   */
  readonly linguistic?: boolean;
}

/** `Latin1_General_CI_AS`, `SQL_Latin1_General_CP1_CI_AS`, `Latin1_General_BIN2`, …; undefined where the name is none. */
export const collationRules = (name: string): CollationRules | undefined => {
  if (!/^(SQL_)?[A-Za-z0-9]+_/.test(name)) return undefined;
  if (/_BIN2?$/i.test(name)) return { binary: true, caseSensitive: true, accentSensitive: true };
  const match = /_(CI|CS)_(AI|AS)(_KS)?(_WS)?$/i.exec(name);
  if (match === null) return undefined;
  return {
    binary: false,
    caseSensitive: match[1]?.toUpperCase() === 'CS',
    accentSensitive: match[2]?.toUpperCase() === 'AS',
  };
};

const marks = /\p{M}+/gu;
const plainAscii = /^[\x20-\x7e]*$/;
const trailingBlanks = / +$/;

/**
 * Dictionary order puts punctuation before digits before letters; these ASCII marks stand after the digits by code
 * and are moved before them. The targets are control characters, which no sane text holds.
 */
const moved = new Map(Array.from(':;<=>?@[\\]^_`{|}~', (char, index) => [char, String.fromCharCode(2 + index)]));
const movedPattern = /[:;<=>?@[\\\]^_`{|}~]/g;
const demote = (text: string): string => text.replace(movedPattern, (char) => moved.get(char) ?? char);

/** Letters that decompose to nothing but sort with a base letter. */
const expansions: Readonly<Record<string, string>> = {
  ß: 'ss',
  æ: 'ae',
  œ: 'oe',
  ø: 'o',
  ł: 'l',
  đ: 'd',
  þ: 'th',
  ð: 'd',
};
const expanded = /[ßæœøłđþð]/g;

/** Under Windows' rules these are equal to what they stand for. */
const equalExpansions = /[ßæœþ]/g;
const light = /[-']/g;
const hasLight = /[-']/;

/**
 * A text whose binary order is the collation's order, and which is equal exactly where the collation says equal:
 * trailing blanks never count, case and accents by the collation.
 */
export const createSortKey = (rules: CollationRules): ((text: string) => string) => {
  if (rules.binary) return (text) => text.replace(trailingBlanks, '');
  const linguistic = rules.linguistic === true;
  const ignoreCaseKey = (text: string): string => {
    const trimmed = text.endsWith(' ') ? text.replace(trailingBlanks, '') : text;
    const folded = trimmed.toLowerCase();
    const ascii = plainAscii.test(folded);
    const lower = linguistic && !ascii ? folded.replace(equalExpansions, (char) => expansions[char] ?? char) : folded;
    const lightly = linguistic && hasLight.test(lower);
    if (ascii || plainAscii.test(lower)) {
      if (lightly) return `${demote(lower.replace(light, ''))}\u0001${lower}`;
      return movedPattern.test(lower) ? demote(lower) : lower;
    }
    // Primary order by base letters, then accents.
    const base = lower
      .normalize('NFD')
      .replace(marks, '')
      .replace(expanded, (char) => expansions[char] ?? char);
    const primary = demote(lightly ? base.replace(light, '') : base);
    if (rules.accentSensitive) return `${primary}\u0001${lower.normalize('NFC')}`;
    return lightly ? `${primary}\u0001${base}` : primary;
  };
  if (!rules.caseSensitive) return ignoreCaseKey;
  return (text) => {
    const trimmed = text.replace(trailingBlanks, '');
    // Lower case sorts before upper case where all else is equal.
    return `${ignoreCaseKey(trimmed)}\u0001${Array.from(trimmed, (char) => (char === char.toLowerCase() ? '0' : '1')).join('')}`;
  };
};

/** SQL Server compares uniqueidentifiers by their last six bytes first, then group by group backwards. */
export const guidSortKey = (guid: string): string => {
  const hex = guid.replaceAll('-', '');
  const byte = (index: number) => hex.slice(index * 2, index * 2 + 2);
  const group = (...indexes: number[]) => indexes.map(byte).join('');
  // The stored bytes of the first three groups are little-endian; they compare as stored.
  return group(10, 11, 12, 13, 14, 15) + group(8, 9) + group(7, 6) + group(5, 4) + group(3, 2, 1, 0);
};

/** What Windows code page 1252 has above 0x7F outside Latin-1. */
const cp1252Extras = '€‚ƒ„…†‡ˆ‰Š‹ŒŽ‘’“”•–—˜™š›œžŸ';
const outside1252 = new RegExp(`[^\\u0000-\\u00ff${cp1252Extras}]`, 'gu');
const bestFit: Readonly<Record<string, string>> = {
  ł: 'l',
  Ł: 'L',
  đ: 'd',
  Đ: 'Ð',
  '‐': '-',
  '‑': '-',
  '−': '-',
  '′': "'",
  '″': '"',
  ı: 'i',
};

/** What is left of a text once it stands in a `varchar` of code page 1252: the best fit, else a question mark. */
export const toCodePage1252 = (text: string): string => {
  if (plainAscii.test(text)) return text;
  return text.replace(outside1252, (char) => {
    const known = bestFit[char];
    if (known !== undefined) return known;
    const base = char.normalize('NFD').replace(marks, '');
    return base.length === 1 && base.charCodeAt(0) < 256 ? base : '?'.repeat(char.length);
  });
};

const cp1252Codes = [
  128, 130, 131, 132, 133, 134, 135, 136, 137, 138, 139, 140, 142, 145, 146, 147, 148, 149, 150, 151, 152, 153, 154,
  155, 156, 158, 159,
];
const byteByExtra = new Map(Array.from(cp1252Extras, (char, index) => [char, cp1252Codes[index] ?? 0x3f]));
const extraByByte = new Map([...byteByExtra].map(([char, byte]) => [byte, char]));

/** Bytes of a text in code page 1252. */
export const encode1252 = (text: string): Uint8Array => {
  const fitted = toCodePage1252(text);
  const bytes = new Uint8Array(fitted.length);
  for (let index = 0; index < fitted.length; index++) {
    const char = fitted.charAt(index);
    bytes[index] = byteByExtra.get(char) ?? fitted.charCodeAt(index);
  }
  return bytes;
};

/** The text of bytes in code page 1252. */
export const decode1252 = (bytes: Uint8Array): string => {
  let text = '';
  for (const byte of bytes) text += extraByByte.get(byte) ?? String.fromCharCode(byte);
  return text;
};
