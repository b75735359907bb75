/** What a column's type must be like. */
export type TypeFamily = 'whole' | 'number' | 'text' | 'moment' | 'guid';

/** A field: where it may be. */
export interface FieldMap {
  readonly ranks: readonly (readonly string[])[];
  readonly types: readonly TypeFamily[];
  /**
   * `required`: the entity is useless without it; `usual`: its absence is reported; `rare`: its absence means nothing.
   */
  readonly need: 'required' | 'usual' | 'rare';
  /** All of the columns are taken: a patient has several telephones. */
  readonly many?: boolean;
  /** What the column says of a patient when it says yes: the words for a medical alert that is kept as a flag. */
  readonly flag?: string;
}

/** An entity: its tables and fields. */
export interface EntityMap {
  readonly tables: readonly (readonly string[])[];
  readonly need: 'required' | 'usual' | 'rare';
  /** A table with any of these columns holds something else, however well its name fits. */
  readonly unlike?: readonly string[];
  /** Of each group, one alternative must be there whole: a link by row id, or one by patient and time. */
  readonly oneOf?: readonly (readonly (readonly string[])[])[];
  readonly fields: Readonly<Record<string, FieldMap>>;
}

export const key: readonly TypeFamily[] = ['whole', 'number', 'guid', 'text'];
export const code: readonly TypeFamily[] = ['whole', 'number'];
export const words: readonly TypeFamily[] = ['text'];
export const flag: readonly TypeFamily[] = ['whole', 'number', 'text'];
export const moment: readonly TypeFamily[] = ['moment', 'text'];
export const guid: readonly TypeFamily[] = ['guid'];

/** A field that is one column; candidates in ranks. */
export const field = (
  need: FieldMap['need'],
  types: readonly TypeFamily[],
  ...ranks: readonly (readonly string[])[]
): FieldMap => ({ ranks, types, need });

/** A field that takes every column of the first rank of which anything exists. */
export const fields = (
  need: FieldMap['need'],
  types: readonly TypeFamily[],
  ...ranks: readonly (readonly string[])[]
): FieldMap => ({ ranks, types, need, many: true });
