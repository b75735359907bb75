import { reserve } from './byte-writer.ts';
import type { ByteWriter } from './byte-writer.ts';

/**
 * A single-byte code page. Both directions are tables. Bytes without a character stand for the code point of
 * the same number (0x81 ↔ U+0081), as Windows does, so that every byte survives a round trip.
 */
export interface CodePage {
  readonly number: number;
  /** Byte by UTF-16 unit; `?` where the page has no such character. */
  readonly toByte: Uint8Array;
  /** UTF-16 unit by byte. */
  readonly toUnit: Uint16Array;
}

const UPPER_HALF: ReadonlyMap<number, string> = new Map([
  [
    437,
    'ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜ¢£¥₧ƒáíóúñÑªº¿⌐¬½¼¡«»░▒▓│┤╡╢╖╕╣║╗╝╜╛┐└┴┬├─┼╞╟╚╔╩╦╠═╬╧╨╤╥╙╘╒╓╫╪┘┌█▄▌▐▀αßΓπΣσµτΦΘΩδ∞φε∩≡±≥≤⌠⌡÷≈°∙·√ⁿ²■\u00a0',
  ],
  [
    850,
    'ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜø£Ø×ƒáíóúñÑªº¿®¬½¼¡«»░▒▓│┤ÁÂÀ©╣║╗╝¢¥┐└┴┬├─┼ãÃ╚╔╩╦╠═╬¤ðÐÊËÈıÍÎÏ┘┌█▄¦Ì▀ÓßÔÒõÕµþÞÚÛÙýÝ¯´\u00ad±‗¾¶§÷¸°¨·¹³²■\u00a0',
  ],
]);

const BY_DECODER: ReadonlySet<number> = new Set([874, 1250, 1251, 1252, 1253, 1254, 1255, 1256, 1257, 1258]);

/** Builds code pages on first use and keeps them; undefined for one it does not know. */
export interface CodePages {
  get(number: number): CodePage | undefined;
}

export function createCodePages(): CodePages {
  const built = new Map<number, CodePage>();
  return {
    get: (number) => {
      let page = built.get(number);
      if (page === undefined) {
        page = buildCodePage(number);
        if (page !== undefined) built.set(number, page);
      }
      return page;
    },
  };
}

/** The table of one code page: 64 KB, so build it once. */
export function buildCodePage(number: number): CodePage | undefined {
  const upper = upperHalf(number);
  if (upper === undefined) return undefined;
  const toUnit = new Uint16Array(256);
  const toByte = new Uint8Array(65_536).fill(0x3f);
  for (let byte = 0; byte < 128; byte += 1) {
    toUnit[byte] = byte;
    toByte[byte] = byte;
  }
  for (let byte = 128; byte < 256; byte += 1) {
    const unit = upper.charCodeAt(byte - 128);
    toUnit[byte] = unit === 0xfffd ? byte : unit;
    toByte[toUnit[byte]!] = byte;
  }
  return { number, toByte, toUnit };
}

function upperHalf(number: number): string | undefined {
  const listed = UPPER_HALF.get(number);
  if (listed !== undefined) return listed;
  if (!BY_DECODER.has(number)) return undefined;
  return new TextDecoder(`windows-${number}`).decode(Uint8Array.from({ length: 128 }, (_, index) => index + 128));
}

/** Writes `text` as bytes of the page, without a length. A character takes one byte; a surrogate pair becomes `??`. */
export function writeInCodePage(out: ByteWriter, text: string, page: CodePage): void {
  const { length } = text;
  const buffer = reserve(out, length);
  const { toByte } = page;
  const at = out.position;
  for (let index = 0; index < length; index += 1) buffer[at + index] = toByte[text.charCodeAt(index)]!;
  out.position = at + length;
}

export function decodeCodePage(bytes: Uint8Array, page: CodePage): string {
  if (bytes.length === 0) return '';
  const units = new Uint16Array(bytes.length);
  const { toUnit } = page;
  for (let index = 0; index < bytes.length; index += 1) units[index] = toUnit[bytes[index]!]!;
  return Buffer.from(units.buffer).toString('utf16le');
}
