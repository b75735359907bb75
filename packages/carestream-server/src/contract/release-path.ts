/** What is wrong with the paths of a release. */
export type ReleasePathFault = 'not-a-path' | 'kept-name' | 'case-duplicate' | 'file-and-folder';

/** Names that Windows keeps for devices, whatever follows the first dot. */
const deviceName = /^(?:con|prn|aux|nul|com\d|lpt\d)(?:\.|$)/i;
/** No drive letters, alternate streams, backslashes, short names (`PROGRA~1`), leading dots or spaces: what is not listed is not allowed. */
const segment = /^[A-Za-z0-9_@+-][A-Za-z0-9_@+.-]{0,79}$/;
const charactersMost = 120;
const depthMost = 8;
/** The signed manifest lies there; a release may not bring its own. */
const keptName = 'release.json';

/** True for a path that means the same file on every system: relative, with `/`, in letters that no file system changes. */
export function isReleasePath(path: string): boolean {
  const segments = path.split('/');
  return (
    path.length <= charactersMost &&
    segments.length <= depthMost &&
    segments.every((each) => segment.test(each) && !each.endsWith('.') && !deviceName.test(each))
  );
}

/** What is wrong with the paths of a release taken together; null where nothing is. */
export function faultOfReleasePaths(paths: readonly string[]): ReleasePathFault | null {
  const seen = new Set<string>();
  for (const path of paths) {
    if (!isReleasePath(path)) return 'not-a-path';
    const folded = path.toLowerCase();
    if (folded === keptName || folded.startsWith(`${keptName}/`)) return 'kept-name';
    if (seen.has(folded)) return 'case-duplicate';
    seen.add(folded);
  }
  // `Dist/a` and `dist/b` are one folder on Windows and two elsewhere: harmless, as each file is hashed where it lies.
  for (const path of seen) {
    for (let at = path.indexOf('/'); at >= 0; at = path.indexOf('/', at + 1)) {
      if (seen.has(path.slice(0, at))) return 'file-and-folder';
    }
  }
  return null;
}
