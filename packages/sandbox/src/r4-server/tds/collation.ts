import type { CodePage, CodePages } from './code-page.ts';

/** A collation as the wire knows it: five bytes that decide the code page of non-Unicode text ([MS-TDS] 2.2.5.1.2). */
export interface WireCollation {
  readonly bytes: Uint8Array;
  readonly codePage: CodePage;
}

export const DEFAULT_COLLATION = 'SQL_Latin1_General_CP1_CI_AS';

/** `SQL_…` collations: sort id, LCID, code page. The comparison flags follow from the rest of the name. */
const SQL_COLLATIONS: ReadonlyMap<string, readonly [sortId: number, lcid: number, codePage: number]> = new Map([
  ['sql_latin1_general_cp437_cs_as', [31, 0x409, 437]],
  ['sql_latin1_general_cp437_ci_as', [32, 0x409, 437]],
  ['sql_latin1_general_cp437_ci_ai', [34, 0x409, 437]],
  ['sql_latin1_general_cp850_cs_as', [41, 0x409, 850]],
  ['sql_latin1_general_cp850_ci_as', [42, 0x409, 850]],
  ['sql_latin1_general_cp850_ci_ai', [44, 0x409, 850]],
  ['sql_1xcompat_cp850_ci_as', [49, 0x409, 850]],
  ['sql_latin1_general_cp1_cs_as', [51, 0x409, 1252]],
  ['sql_latin1_general_cp1_ci_as', [52, 0x409, 1252]],
  ['sql_latin1_general_pref_cp1_ci_as', [53, 0x409, 1252]],
  ['sql_latin1_general_cp1_ci_ai', [54, 0x409, 1252]],
  ['sql_latin1_general_cp1250_cs_as', [81, 0x409, 1250]],
  ['sql_latin1_general_cp1250_ci_as', [82, 0x409, 1250]],
  ['sql_czech_cp1250_ci_as', [84, 0x405, 1250]],
  ['sql_hungarian_cp1250_ci_as', [86, 0x40e, 1250]],
  ['sql_polish_cp1250_cs_as', [87, 0x415, 1250]],
  ['sql_polish_cp1250_ci_as', [88, 0x415, 1250]],
  ['sql_romanian_cp1250_ci_as', [90, 0x418, 1250]],
  ['sql_latin1_general_cp1251_cs_as', [105, 0x409, 1251]],
  ['sql_latin1_general_cp1251_ci_as', [106, 0x409, 1251]],
  ['sql_ukrainian_cp1251_ci_as', [108, 0x422, 1251]],
  ['sql_latin1_general_cp1253_cs_as', [113, 0x409, 1253]],
  ['sql_latin1_general_cp1253_ci_as', [114, 0x409, 1253]],
  ['sql_latin1_general_cp1253_ci_ai', [124, 0x409, 1253]],
  ['sql_latin1_general_cp1254_cs_as', [129, 0x41f, 1254]],
  ['sql_latin1_general_cp1254_ci_as', [130, 0x41f, 1254]],
  ['sql_latin1_general_cp1255_ci_as', [138, 0x40d, 1255]],
  ['sql_latin1_general_cp1256_ci_as', [146, 0x401, 1256]],
  ['sql_latin1_general_cp1257_ci_as', [154, 0x409, 1257]],
  ['sql_danish_pref_cp1_ci_as', [183, 0x406, 1252]],
  ['sql_swedishstd_pref_cp1_ci_as', [185, 0x40b, 1252]],
  ['sql_icelandic_pref_cp1_ci_as', [186, 0x40f, 1252]],
]);

/** Windows collations by the language their name begins with: LCID, code page. */
const WINDOWS_COLLATIONS: ReadonlyMap<string, readonly [lcid: number, codePage: number]> = new Map([
  ['latin1_general', [0x409, 1252]],
  ['albanian', [0x41c, 1250]],
  ['arabic', [0x401, 1256]],
  ['breton', [0x47e, 1252]],
  ['croatian', [0x41a, 1250]],
  ['cyrillic_general', [0x419, 1251]],
  ['czech', [0x405, 1250]],
  ['danish_norwegian', [0x406, 1252]],
  ['estonian', [0x425, 1257]],
  ['finnish_swedish', [0x40b, 1252]],
  ['french', [0x40c, 1252]],
  ['frisian', [0x462, 1252]],
  ['german_phonebook', [0x10407, 1252]],
  ['greek', [0x408, 1253]],
  ['hebrew', [0x40d, 1255]],
  ['hungarian', [0x40e, 1250]],
  ['icelandic', [0x40f, 1252]],
  ['latvian', [0x426, 1257]],
  ['lithuanian', [0x427, 1257]],
  ['modern_spanish', [0xc0a, 1252]],
  ['norwegian', [0x414, 1252]],
  ['persian', [0x429, 1256]],
  ['polish', [0x415, 1250]],
  ['romanian', [0x418, 1250]],
  ['slovak', [0x41b, 1250]],
  ['slovenian', [0x424, 1250]],
  ['thai', [0x41e, 874]],
  ['traditional_spanish', [0x40a, 1252]],
  ['turkish', [0x41f, 1254]],
  ['ukrainian', [0x422, 1251]],
  ['vietnamese', [0x42a, 1258]],
  ['welsh', [0x452, 1252]],
]);

const CODE_PAGE_BY_SORT_ID = new Map([...SQL_COLLATIONS.values()].map(([sortId, , page]) => [sortId, page]));
const CODE_PAGE_BY_LANGUAGE = new Map([...WINDOWS_COLLATIONS.values()].map(([lcid, page]) => [lcid & 0xffff, page]));

const FLAG = { ignoreCase: 1, ignoreAccent: 2, ignoreKana: 4, ignoreWidth: 8, binary: 16, binary2: 32 } as const;

/** The wire form of a collation by its name; undefined for a name that is no collation of this server. */
export function collationByName(name: string, codePages: CodePages): WireCollation | undefined {
  const key = name.toLowerCase();
  const flags = comparisonFlags(key);
  if (flags === undefined) return undefined;
  const sql = SQL_COLLATIONS.get(key);
  if (sql !== undefined) return assemble({ lcid: sql[1], flags, version: 0, sortId: sql[0] }, codePages.get(sql[2]));
  const [, language, version] = /^(.+?)(_90|_100)?_(?:bin2?|c[is]_a[is](?:_ks)?(?:_ws)?)$/.exec(key) ?? [];
  const windows = WINDOWS_COLLATIONS.get(language ?? '');
  if (windows === undefined) return undefined;
  const parts = { lcid: windows[0], flags, version: version === '_90' ? 1 : version === '_100' ? 2 : 0, sortId: 0 };
  return assemble(parts, codePages.get(windows[1]));
}

function comparisonFlags(key: string): number | undefined {
  if (key.endsWith('_bin2')) return FLAG.binary2;
  if (key.endsWith('_bin')) return FLAG.binary;
  const [, caseRule, accentRule, kana, width] = /_c([is])_a([is])(_ks)?(_ws)?$/.exec(key) ?? [];
  if (caseRule === undefined) return undefined;
  return (
    (caseRule === 'i' ? FLAG.ignoreCase : 0) |
    (accentRule === 'i' ? FLAG.ignoreAccent : 0) |
    (kana === undefined ? FLAG.ignoreKana : 0) |
    (width === undefined ? FLAG.ignoreWidth : 0)
  );
}

function assemble(
  parts: { lcid: number; flags: number; version: number; sortId: number },
  codePage: CodePage | undefined,
): WireCollation | undefined {
  if (codePage === undefined) return undefined;
  const { lcid, flags, version, sortId } = parts;
  const bits = (lcid & 0xfffff) | (flags << 20) | (version << 28);
  return { bytes: Uint8Array.of(bits, bits >>> 8, bits >>> 16, bits >>> 24, sortId), codePage };
}

/** The code page that five collation bytes of a client's parameter stand for; zeros mean the server's own. */
export function codePageOfBytes(bytes: Uint8Array, codePages: CodePages): CodePage | undefined {
  const sortId = bytes[4]!;
  const number =
    sortId === 0 ? CODE_PAGE_BY_LANGUAGE.get(bytes[0]! | (bytes[1]! << 8)) : CODE_PAGE_BY_SORT_ID.get(sortId);
  return number === undefined ? undefined : codePages.get(number);
}
