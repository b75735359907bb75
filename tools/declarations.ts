import { globSync, readFileSync, rmdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';

/** Relative addresses that a declaration file imports or re-exports from. */
const addresses = /(?<=\bfrom\s*|\bimport\s*\(?\s*)(['"])(\.{1,2}\/[^'"]+)\.ts\1/g;

/**
 * The compiler declares every file that it read; what the entries do not lead to is nobody's business and goes. What stays names its
 * neighbours as the files are called once built.
 */
export function keepReachable(folder: string, entries: readonly string[]): void {
  const wanted = new Set<string>();
  const visit = (file: string): void => {
    if (wanted.has(file)) return;
    wanted.add(file);
    const text = readFileSync(file, 'utf8');
    for (const [, , address = ''] of text.matchAll(addresses)) visit(path.join(path.dirname(file), `${address}.d.ts`));
    writeFileSync(
      file,
      text.replaceAll(addresses, (_, quote: string, address: string) => `${quote}${address}.js${quote}`),
    );
  };
  for (const entry of entries) visit(path.join(folder, entry));
  for (const name of globSync('**/*.d.ts', { cwd: folder })) {
    const file = path.join(folder, name);
    if (!wanted.has(file)) rmSync(file);
  }
  // The deepest first, so that what only held empty folders is empty, too.
  for (const name of globSync('**/', { cwd: folder }).sort((a, b) => b.length - a.length)) {
    try {
      rmdirSync(path.join(folder, name));
    } catch {
      // Something is in it.
    }
  }
}
