import type { SqlType } from '../../engine.ts';
import type { Scalar } from '../conversion/convert.ts';
import type { FunctionCall } from '../parse/ast.ts';
import { isString } from '../types.ts';
import type { Translation } from '../translate/context.ts';
import type { Typed, TypedBuilder } from '../translate/typed.ts';

/** What a function's translation works with. */
export interface FunctionUse {
  readonly translation: Translation;
  readonly builder: TypedBuilder;
  readonly call: FunctionCall;
}

/** A built-in scalar function. */
export interface ScalarFunction {
  readonly arguments: readonly [low: number, high: number];
  readonly translate: (use: FunctionUse, args: readonly Typed[]) => Typed;
}

/** Functions by upper-case name. */
export type FunctionTable = Readonly<Record<string, ScalarFunction>>;

/** The n-th argument; the count was checked before. */
export const argument = (args: readonly Typed[], index: number): Typed => {
  const found = args[index];
  if (found === undefined) throw new Error(`argument ${index} is missing`);
  return found;
};

/** An argument as text, converted implicitly where it is none. */
export const asText = (use: FunctionUse, value: Typed): Typed => {
  if (value.untyped === true) return { ...value, type: { name: 'varchar', length: 1 } };
  return isString(value.type) ? value : use.builder.convert(value, { name: 'varchar', length: 8000 });
};

/** An argument as a whole number. */
export const asInt = (use: FunctionUse, value: Typed, type: SqlType = { name: 'int' }): Typed =>
  use.builder.convert(value, type);

/** A function of fixed argument and result types. */
export const simple = (
  types: readonly SqlType[],
  result: SqlType,
  run: (...args: Scalar[]) => Scalar | null,
): ScalarFunction => ({
  arguments: [types.length, types.length],
  translate: (use, args) => {
    const converted = args.map((arg, index) => use.builder.convert(arg, types[index] ?? arg.type));
    return use.builder.call(use.call.name, converted, result, run as (...args: (Scalar | null)[]) => Scalar | null);
  },
});
