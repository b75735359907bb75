import { note, type Applied } from './rules.ts';
import type { Cell } from './rows.ts';
import { listOf, textOf } from './text.ts';

const lineLimits = { most: 300 };
const fieldLimits = { most: 3000, lines: true };
const linesMost = 10;
const lineBreak = /[\r\n\v\f]+/;

/** Address lines in order: gaps closed, lines with breaks divided. */
export function addressLinesOf(cells: readonly Cell[], applied: Applied): string[] | undefined {
  const lines: string[] = [];
  let gap = false;
  for (const cell of cells) {
    if (typeof cell === 'string' && lineBreak.test(cell)) {
      const parts = (textOf(cell, fieldLimits, applied) ?? '').split(lineBreak);
      const full = parts.map((part) => textOf(part, lineLimits, applied)).filter((part) => part !== undefined);
      if (full.length > 1) note(applied, 'address-line-split');
      if (full.length > 0 && gap) note(applied, 'address-gap-closed');
      gap = full.length === 0 && lines.length > 0;
      lines.push(...full);
      continue;
    }
    const line = textOf(cell, lineLimits, applied);
    if (line === undefined) gap ||= lines.length > 0;
    else {
      if (gap) note(applied, 'address-gap-closed');
      gap = false;
      lines.push(line);
    }
  }
  return listOf(lines, linesMost, applied);
}
