import { globSync, readFileSync } from 'node:fs';
import path from 'node:path';

/** The licences of all packages of which something is in the bundle, as their terms ask. The same text stands once. */
export function noticesOf(modules: readonly string[]): string {
  const packages = new Set(modules.flatMap((id) => /^.*\/node_modules\/(?:@[^/]+\/)?[^/]+(?=\/)/.exec(id)?.[0] ?? []));
  const texts = new Map<string, string[]>();
  for (const folder of packages) {
    const { name, version, license } = JSON.parse(readFileSync(path.join(folder, 'package.json'), 'utf8')) as Readonly<
      Record<string, string>
    >;
    const [file] = globSync('{licen[cs]e,LICEN[CS]E,License}*', { cwd: folder }).sort();
    const text = file === undefined ? `Licence: ${license}` : readFileSync(path.join(folder, file), 'utf8').trim();
    const normal = text.replaceAll(/\r\n?/g, '\n');
    texts.set(normal, [...(texts.get(normal) ?? []), `${name} ${version}`]);
  }
  return [...texts]
    .map(([text, names]) => `${names.sort().join(', ')}\n\n${text}\n`)
    .sort()
    .join(`\n${'-'.repeat(80)}\n\n`);
}
