import { note, type Applied } from './rules.ts';
import type { Cell } from './rows.ts';

/** Printable ASCII alone, neither beginning nor ending with a space: nearly all of R4. Nothing is to be done to it. */
const plain = /^[!-~](?:[ -~]*[!-~])?$/;
/** Controls (C0, DEL, C1), half surrogate pairs, and what decoders put for bytes that a code page does not define. */
const doubtful = /[\u0000-\u001f\u007f-\u009f\ud800-\udfff\ufffd]/;
const undefinedBytes = /[\u0080-\u009f\ufffd]/;
/** A C1 control can only be a byte that CP1252 does not define; shown as the character for that. */
const undefinedAll = /[\u0080-\u009f]/g;
const spacing = /[\t\n\v\f\r]+/g;
const controls = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f]/g;
const edges = /^[\s\u0000\u00a0\ufeff]+|[\s\u0000\u00a0\ufeff]+$/g;

/** How a text may look. */
export interface TextLimits {
  readonly most: number;
  /** Keeps line breaks and tabs. */
  readonly lines?: boolean;
}

/**
 * A cell as clean text, or undefined for nothing: NUL, other controls and half surrogate pairs never get through, undefined
 * bytes show as U+FFFD, and what is too long is cut between characters.
 */
export function textOf(cell: Cell, limits: TextLimits, applied: Applied): string | undefined {
  if (cell === null || cell === undefined) return undefined;
  const raw = typeof cell === 'string' ? cell : asText(cell, applied);
  if (raw === undefined) return undefined;
  if (raw.length <= limits.most && plain.test(raw)) return raw;
  return cleaned(raw, limits, applied);
}

function cleaned(raw: string, limits: TextLimits, applied: Applied): string | undefined {
  let text = raw.replace(edges, '');
  if (text === '') {
    note(applied, 'blank-as-null');
    return undefined;
  }
  if (text.length !== raw.length) note(applied, 'trimmed');
  if (doubtful.test(text)) {
    if (undefinedBytes.test(text)) {
      note(applied, 'text-undefined-bytes');
      text = text.replace(undefinedAll, '\ufffd');
    }
    let safe = text.toWellFormed();
    if (limits.lines !== true) safe = safe.replace(spacing, ' ');
    safe = safe.replace(controls, '\ufffd');
    if (safe !== text) note(applied, 'text-control-characters');
    text = safe;
  }
  if (text.length > limits.most) {
    note(applied, 'text-truncated');
    // Never between the halves of a surrogate pair.
    const last = text.charCodeAt(limits.most - 1);
    text = text.slice(0, last >= 0xd800 && last <= 0xdbff ? limits.most - 1 : limits.most);
  }
  return text;
}

function asText(cell: Cell, applied: Applied): string | undefined {
  if (typeof cell === 'number' || typeof cell === 'bigint' || typeof cell === 'boolean') return String(cell);
  if (cell instanceof Date && !Number.isNaN(cell.getTime())) {
    return cell
      .toISOString()
      .slice(0, -1)
      .replace(/T00:00:00\.000$|\.000$/, '');
  }
  note(applied, 'value-unreadable');
  return undefined;
}

/** The first items of a list that the contract limits; undefined for none. */
export function listOf<Item>(items: readonly Item[], most: number, applied: Applied): Item[] | undefined {
  if (items.length === 0) return undefined;
  if (items.length <= most) return items as Item[];
  note(applied, 'list-truncated');
  return items.slice(0, most);
}
