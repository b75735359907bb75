/** Orders two versions as semver.org 2.0.0 does (clause 11): negative when `left` is older. */
export function compareVersions(left: string, right: string): number {
  const [leftCore, leftPre] = split(left);
  const [rightCore, rightPre] = split(right);
  const byCore = compareLists(leftCore.split('.'), rightCore.split('.'));
  if (byCore !== 0) return byCore;
  if (leftPre === null || rightPre === null) return Number(leftPre === null) - Number(rightPre === null);
  return compareLists(leftPre.split('.'), rightPre.split('.'));
}

function split(version: string): [string, string | null] {
  const at = version.indexOf('-');
  return at < 0 ? [version, null] : [version.slice(0, at), version.slice(at + 1)];
}

function compareLists(left: readonly string[], right: readonly string[]): number {
  for (let index = 0; index < Math.max(left.length, right.length); index++) {
    const [a, b] = [left[index], right[index]];
    if (a === undefined) return -1;
    if (b === undefined) return 1;
    const [numericA, numericB] = [/^\d+$/.test(a), /^\d+$/.test(b)];
    if (numericA !== numericB) return numericA ? -1 : 1;
    if (numericA && Number(a) !== Number(b)) return Number(a) - Number(b);
    if (!numericA && a !== b) return a < b ? -1 : 1;
  }
  return 0;
}
