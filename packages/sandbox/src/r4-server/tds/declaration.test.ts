import { expect, test } from 'vitest';
import { declaredType, declaredValue, parseDeclaration } from './declaration.ts';

test('names, types, lengths and directions', () => {
  const text =
    '@k int, @Name nvarchar(50) OUTPUT,@d decimal(9, 2) , @m varchar(max), @n [sys].[nvarchar](10), @f float(24), @t datetime2(3) out, @x xml, @c int = 5';
  expect(parseDeclaration(text)).toEqual([
    { name: '@k', type: { name: 'int' }, output: false },
    { name: '@Name', type: { name: 'nvarchar', length: 50 }, output: true },
    { name: '@d', type: { name: 'decimal', precision: 9, scale: 2 }, output: false },
    { name: '@m', type: { name: 'varchar', length: -1 }, output: false },
    { name: '@n', type: { name: 'nvarchar', length: 10 }, output: false },
    { name: '@f', type: { name: 'real' }, output: false },
    { name: '@t', type: { name: 'datetime2', scale: 3 }, output: true },
    { name: '@x', type: undefined, output: false },
    { name: '@c', type: { name: 'int' }, output: false },
  ]);
  expect(parseDeclaration('  ')).toEqual([]);
  for (const wrong of ['k int', '@k', '@k int,', '@a int @b int', '@k int; drop table x'])
    expect(parseDeclaration(wrong), wrong).toBeUndefined();
});

test('text made to keep an expression busy is refused at once', () => {
  expect(parseDeclaration(`@a int${' '.repeat(200_000)}!`)).toBeUndefined();
  expect(parseDeclaration(`@a ${'int '.repeat(50_000)}`)).toBeUndefined();
  expect(parseDeclaration(`@a int${' '.repeat(200_000)}output`)).toEqual([
    { name: '@a', type: { name: 'int' }, output: true },
  ]);
});

test('a declared type takes the place of the sent one only where the value stays what it is', () => {
  expect(declaredType({ name: 'varchar', length: 5 }, { name: 'nvarchar', length: 4000 }, 'x')).toEqual({
    name: 'varchar',
    length: 5,
  });
  expect(declaredType({ name: 'int' }, { name: 'nvarchar', length: 10 }, '7')).toEqual({
    name: 'nvarchar',
    length: 10,
  });
  expect(
    declaredType({ name: 'decimal', precision: 9, scale: 2 }, { name: 'decimal', precision: 9, scale: 3 }, 1),
  ).toEqual({ name: 'decimal', precision: 9, scale: 3 });
  expect(declaredType({ name: 'int' }, { name: 'nvarchar', length: 1 }, null)).toEqual({ name: 'int' });
  expect(declaredType(undefined, { name: 'int' }, 1)).toEqual({ name: 'int' });
});

test('text takes the length that was declared', () => {
  expect(declaredValue({ name: 'varchar', length: 3 }, 'abcdef')).toBe('abc');
  expect(declaredValue({ name: 'nchar', length: 4 }, 'ab')).toBe('ab  ');
  expect(declaredValue({ name: 'nvarchar', length: -1 }, 'abcdef')).toBe('abcdef');
  expect(declaredValue({ name: 'text' }, 'abcdef')).toBe('abcdef');
  expect(declaredValue({ name: 'int' }, 7)).toBe(7);
});
