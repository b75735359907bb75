import type { SqlType } from '../../engine.ts';
import type { Scalar } from '../conversion/convert.ts';
import { sqlError } from '../errors.ts';
import type { Translation } from '../translate/context.ts';
import type { Typed } from '../translate/typed.ts';
import { familyOf, isFixedText, isLegacyLob, isString, lengthOf } from '../types.ts';

/**
 * An expression as a column's value: converted implicitly, and refused where text or bytes would be cut (8152).
 * Blanks at the end may be cut.
 */
export const convertAssigned = (translation: Translation, value: Typed, to: SqlType | undefined): Typed => {
  if (to === undefined) throw sqlError(213);
  const { builder } = translation;
  const length = lengthOf(to);
  const bounded =
    (isString(to) || familyOf(to) === 'binary') && !isLegacyLob(to) && length !== -1 && to.name !== 'timestamp';
  if (value.untyped === true || !bounded) return builder.convert(value, to);
  const fits = familyOf(value.type) === familyOf(to) && lengthOf(value.type) !== -1 && lengthOf(value.type) <= length;
  if (fits) return builder.convert(value, to);
  const loose: SqlType = {
    name:
      to.name === 'char' || to.name === 'varchar'
        ? 'varchar'
        : to.name === 'nchar' || to.name === 'nvarchar'
          ? 'nvarchar'
          : 'varbinary',
    length: -1,
  };
  const whole = builder.convert(value, loose);
  const checked = builder.call(`assign${length}${isFixedText(to) ? 'f' : ''}`, [whole], to, (given: Scalar | null) => {
    if (typeof given === 'string') {
      const kept = given.length > length ? given.slice(0, length) : given;
      if (given.length > length && given.slice(length).trimEnd() !== '') throw sqlError(8152);
      return isFixedText(to) ? kept.padEnd(length) : kept;
    }
    const bytes = given as Uint8Array;
    if (bytes.length > length) throw sqlError(8152);
    if (to.name !== 'binary' || bytes.length === length) return bytes;
    const padded = new Uint8Array(length);
    padded.set(bytes);
    return padded;
  });
  return { ...checked, nullable: value.nullable };
};
