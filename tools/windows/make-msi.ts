import { createHash } from 'node:crypto';
import { copyFileSync, mkdirSync, readdirSync, readFileSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { call } from './call.ts';
import { fileKeyOf, msiSource, msiVersionOf } from './msi-source.ts';
import { msiStatements, type FileVersion } from './msi-tables.ts';
import { fixMsiTimes } from './msi-times.ts';

/** Never to be changed: by it Windows knows that one MSI follows another. */
const upgradeCode = '6F7A1D52-93C4-4E0B-8A57-2C1B7D9E4F30';

/** What is packed. */
export interface MsiParts {
  /** Holds the files as they are to lie below the install folder. */
  readonly filesFolder: string;
  /** The installer's own library. */
  readonly actions: string;
  readonly version: string;
  /** The time that files and database bear, so that the same sources give the same bytes. */
  readonly timeS: number;
}

/** Packs an MSI; `workFolder` is the parent of `filesFolder`. @throws Error with a tool's words */
export function makeMsi(parts: MsiParts, workFolder: string, output: string): void {
  const { filesFolder, actions, version, timeS } = parts;
  if (path.resolve(filesFolder) !== path.resolve(workFolder, 'files')) throw new Error('the files must lie in files/');
  const files = filesIn(filesFolder);
  // Whatever is inside decides the identity: other content is another product, which replaces the one before.
  const identity = createHash('sha256').update(`${version}\n`).update(readFileSync(actions));
  for (const file of files) identity.update(`${file}\n`).update(readFileSync(path.join(filesFolder, file)));
  const seed = identity.digest('hex');
  const productCode = guidOf(`product ${seed}`);
  copyFileSync(actions, path.join(workFolder, 'msi-actions.dll'));
  for (const file of files) utimesSync(path.join(filesFolder, file), timeS, timeS);
  utimesSync(path.join(workFolder, 'msi-actions.dll'), timeS, timeS);
  const source = path.join(workFolder, 'agent.wxs');
  writeFileSync(source, msiSource({ version, productCode, upgradeCode, files }));
  mkdirSync(path.dirname(path.resolve(output)), { recursive: true });
  // wixl finds files only relative to its description.
  call('wixl', ['-a', 'x64', '-o', path.resolve(output), 'agent.wxs'], { cwd: workFolder });
  const versions = files.flatMap((file): FileVersion[] => {
    const found = fileVersionOf(readFileSync(path.join(filesFolder, file)));
    return found === null ? [] : [{ file: fileKeyOf(file), version: found }];
  });
  const statements = [
    `DELETE FROM CustomAction WHERE Action = 'Placeholder'`,
    ...msiStatements({ upgradeCode, version: msiVersionOf(version) }, versions),
  ];
  call('msibuild', [path.resolve(output), ...statements.flatMap((statement) => ['-q', statement])]);
  const packageCode = guidOf(`package ${seed} ${timeS}`);
  call('msibuild', [path.resolve(output), '-s', 'Flynotes Agent', 'Flynotes', 'x64;1033', `{${packageCode}}`]);
  fixMsiTimes(output, timeS);
}

/** Sorted, with `/`. */
export function filesIn(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => statSync(path.join(folder, name)).isFile())
    .map((name) => name.split(path.sep).join('/'))
    .toSorted();
}

/** A name-based GUID (RFC 9562, version 8). */
function guidOf(name: string): string {
  const bytes = createHash('sha256').update(name).digest();
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x80;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  const hex = bytes.toString('hex').toUpperCase();
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20, 32)].join('-');
}

/** The version in a Windows program's resources (VS_FIXEDFILEINFO); null where it has none. */
export function fileVersionOf(program: Buffer): string | null {
  if (program.toString('latin1', 0, 2) !== 'MZ') return null;
  const at = program.indexOf(Buffer.from('BD04EFFE00000100', 'hex'));
  if (at === -1) return null;
  const word = (offset: number): number => program.readUInt16LE(at + offset);
  return [word(10), word(8), word(14), word(12)].join('.');
}
