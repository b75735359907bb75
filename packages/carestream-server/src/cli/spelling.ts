/** The known word that was most probably meant, or null when none is near. */
export function nearestOf(word: string, known: readonly string[]): string | null {
  const folded = fold(word);
  let nearest: string | null = null;
  let least = Number.POSITIVE_INFINITY;
  for (const candidate of known) {
    const distance = distanceOf(folded, fold(candidate));
    if (distance < least) {
      least = distance;
      nearest = candidate;
    }
  }
  return least <= Math.max(2, Math.floor(word.length / 3)) ? nearest : null;
}

function fold(word: string): string {
  return word
    .slice(0, 64)
    .toLowerCase()
    .replaceAll(/[^a-z0-9]/g, '');
}

/** Letters to change, add, or take away (Levenshtein). */
function distanceOf(left: string, right: string): number {
  let row = Array.from({ length: right.length + 1 }, (_, index) => index);
  for (let i = 1; i <= left.length; i++) {
    const next = [i];
    for (let j = 1; j <= right.length; j++) {
      const substitution = (row[j - 1] ?? 0) + (left[i - 1] === right[j - 1] ? 0 : 1);
      next.push(Math.min(substitution, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[right.length] ?? 0;
}
