/**
 * The same program in ASCII alone: V8 keeps a text with a single other character in it as two bytes each. An escape means the same
 * in strings, templates, regular expressions and names.
 * @throws Error where a backslash stands before such a character: there an escape would mean something else
 */
export function asciiOnly(program: string): string {
  return program.replace(/(\\*)([^\x00-\x7F])/g, (_, slashes: string, unit: string) => {
    if (slashes.length % 2 === 1) throw new Error(`A backslash before U+${unit.charCodeAt(0).toString(16)}.`);
    return `${slashes}\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`;
  });
}
