import { eventTable, type EventDeclaration, type EventName, type FieldTypes } from '../runtime/index.ts';

/** What a field may hold once it has been checked. */
export type FieldValue = number | boolean | string | readonly string[] | Readonly<Record<string, number>>;

/** The fields that fitted their declaration, and how many did not. */
export interface CheckedFields {
  readonly fields: Readonly<Record<string, FieldValue>>;
  readonly dropped: number;
}

const word = /^[a-z][a-z0-9]*(?:-[a-z0-9]+)*$/;
/** No pattern admits a space: what people type has spaces, what programs name has none. */
const patterns = {
  code: /^[A-Z][A-Z0-9_]{1,63}$/,
  id: /^[A-Za-z0-9_:.+-]{1,200}$/,
  word,
  version: /^v?\d{1,6}(?:\.\d{1,6}){0,3}(?:-[0-9A-Za-z.-]{1,40})?$/,
  name: /^[A-Za-z_#@[][\w#@$.[\]-]{0,127}$/,
  host: /^(?:[A-Za-z0-9_.-]{1,253}(?:\\[\w$]{1,64})?|\[[0-9A-Fa-f:.]{2,45}\])(?::\d{1,5})?$/,
  class: /^[A-Za-z_][\w.]{0,79}$/,
} as const;
const framePattern =
  /^(?:[\w.-]{1,64}\/){0,8}[\w.-]{1,64}\.[cm]?[jt]s:\d{1,7}:\d{1,7}(?: [A-Za-z_$][\w$]{0,63}(?:\.[A-Za-z_$][\w$]{0,63})?)?$/;
const namesPattern = /^[\w#@$.=:/\\[\]-]{1,160}$/;
const countsKeyPattern = /^[A-Za-z][\w-]{0,63}$/;
const listMost = 200;
const wordMost = 64;
/** Questions and preset answers are sent in parts; one part stays well below what Rollbar takes. */
const textsMost = 5_000;
const textMost = 4_000;

const isNumber = (value: unknown): value is number => typeof value === 'number' && Number.isFinite(value);
const listOf = (pattern: RegExp) => (value: unknown) =>
  Array.isArray(value) &&
  value.length <= listMost &&
  value.every((item) => typeof item === 'string' && pattern.test(item));
const textOf = (pattern: RegExp) => (value: unknown) => typeof value === 'string' && pattern.test(value);

/** For each kind, whether a value is of it. Types say the same at compile time; this holds for what got past them. */
const checks: { readonly [Kind in keyof FieldTypes]: (value: unknown) => boolean } = {
  count: isNumber,
  ms: isNumber,
  bytes: isNumber,
  flag: (value) => typeof value === 'boolean',
  code: textOf(patterns.code),
  id: textOf(patterns.id),
  word: (value) => typeof value === 'string' && value.length <= wordMost && word.test(value),
  version: textOf(patterns.version),
  name: textOf(patterns.name),
  host: textOf(patterns.host),
  class: textOf(patterns.class),
  frames: listOf(framePattern),
  names: listOf(namesPattern),
  counts: (value) =>
    typeof value === 'object' &&
    value !== null &&
    !Array.isArray(value) &&
    Object.entries(value).length <= listMost &&
    Object.entries(value).every(([key, count]) => countsKeyPattern.test(key) && isNumber(count)),
  texts: (value) =>
    Array.isArray(value) &&
    value.length <= textsMost &&
    value.every((item) => typeof item === 'string' && item.length <= textMost),
};

/** True when a string may stand in a field of kind `names`. */
export function isName(value: string): boolean {
  return namesPattern.test(value);
}

/** True when a string may stand in a field of kind `frames`. */
export function isFrame(value: string): boolean {
  return framePattern.test(value);
}

/** True when a string may stand in a field of kind `class`. */
export function isClassName(value: string): boolean {
  return patterns.class.test(value);
}

/** Copies the declared fields of an event, one by one; whatever is not declared or not of its kind is left out and counted. */
export function checkFields(name: EventName, given: Readonly<Record<string, unknown>>): CheckedFields {
  const declared: EventDeclaration['fields'] = eventTable[name].fields;
  const fields: Record<string, FieldValue> = {};
  let dropped = 0;
  for (const [key, value] of Object.entries(given)) {
    if (value === undefined) continue;
    const kind = Object.hasOwn(declared, key) ? declared[key] : undefined;
    if (kind !== undefined && checks[kind](value)) fields[key] = copyOf(value as FieldValue);
    else dropped += 1;
  }
  return { fields, dropped };
}

function isList(value: FieldValue): value is readonly string[] {
  return Array.isArray(value);
}

/** A copy, so that what was checked is what is written. Long fractions of a millisecond say nothing. */
function copyOf(value: FieldValue): FieldValue {
  if (typeof value === 'number') return Number.isInteger(value) ? value : Math.round(value * 1000) / 1000;
  if (isList(value)) return [...value];
  return typeof value === 'object' ? { ...value } : value;
}
