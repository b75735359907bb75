/**
 * Which of two versions comes first, as a negative or positive number; 0 when neither does.
 * @see https://semver.org/spec/v2.0.0.html section 11
 */
export function compareVersions(left: string, right: string): number {
  const [leftCore, leftPre] = split(left);
  const [rightCore, rightPre] = split(right);
  for (let part = 0; part < 3; part++) {
    const difference = (leftCore[part] ?? 0) - (rightCore[part] ?? 0);
    if (difference !== 0) return difference;
  }
  // A pre-release comes before its release.
  if (leftPre === null || rightPre === null) return Number(leftPre === null) - Number(rightPre === null);
  const [a, b] = [leftPre.split('.'), rightPre.split('.')];
  for (let index = 0; index < Math.max(a.length, b.length); index++) {
    const difference = compareIdentifiers(a[index], b[index]);
    if (difference !== 0) return difference;
  }
  return 0;
}

function split(version: string): [number[], string | null] {
  const hyphen = version.indexOf('-');
  const core = (hyphen < 0 ? version : version.slice(0, hyphen)).split('.').map(Number);
  return [core, hyphen < 0 ? null : version.slice(hyphen + 1)];
}

function compareIdentifiers(left: string | undefined, right: string | undefined): number {
  if (left === undefined || right === undefined) return Number(left !== undefined) - Number(right !== undefined);
  const numeric = [left, right].map((text) => /^\d+$/.test(text));
  if (numeric[0] && numeric[1]) return Number(left) - Number(right);
  if (numeric[0] !== numeric[1]) return numeric[0] ? -1 : 1;
  return left < right ? -1 : left > right ? 1 : 0;
}
