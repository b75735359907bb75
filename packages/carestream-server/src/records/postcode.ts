import { note, type Applied } from './rules.ts';
import type { Cell } from './rows.ts';
import { textOf } from './text.ts';

const textLimits = { most: 50 };

/** The postcode areas of the United Kingdom, the Channel Islands and the Isle of Man. */
const areas = new Set(
  `AB AL B BA BB BD BH BL BN BR BS BT CA CB CF CH CM CO CR CT CV CW DA DD DE DG DH DL DN DT DY E EC EH EN EX FK FY G GL GU GY HA HD HG
  HP HR HS HU HX IG IM IP IV JE KA KT KW KY L LA LD LE LL LN LS LU M ME MK ML N NE NG NN NP NR NW OL OX PA PE PH PL PO PR RG RH RM S SA
  SE SG SK SL SM SN SO SP SR SS ST SW SY TA TD TF TN TQ TR TS TW UB W WA WC WD WF WN WR WS WV YO ZE`
    .trim()
    .split(/\s+/),
);

/**
 * Area and district (a letter may end it in the middle of London alone), sector and unit. Which letters stand where is fixed.
 * @see BS 7666, postcode format
 */
const district = '[A-Z]{1,2}\\d\\d?|[A-Z]\\d[ABCDEFGHJKPSTUW]|[A-Z]{2}\\d[ABEHMNPRVWXY]';
const unit = '\\d[ABD-HJLNP-UW-Z]{2}';
const shape = new RegExp(`^(${district}) ?(${unit})$`);
const spelled = new RegExp(`^(?:${district}) ${unit}$`);

/** A UK postcode in capitals with one space where it certainly is one, otherwise the text as written, marked. */
export function postcodeOf(cell: Cell, applied: Applied): string | undefined {
  const text = textOf(cell, textLimits, applied);
  if (text === undefined) return undefined;
  const folded = spelled.test(text) ? text : text.toUpperCase().replace(/[\s.]+/g, '');
  const parts = shape.exec(folded);
  if (parts === null || !areas.has((parts[1] ?? '').replace(/\d.*$/, ''))) {
    if (folded === 'GIR0AA' || folded === 'GIR 0AA') return noted('GIR 0AA', text, applied);
    note(applied, 'postcode-not-uk');
    return text;
  }
  return noted(`${parts[1]} ${parts[2]}`, text, applied);
}

function noted(postcode: string, text: string, applied: Applied): string {
  if (postcode !== text) note(applied, 'postcode-normalised');
  return postcode;
}
