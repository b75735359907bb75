/** The date of an instant in a time zone, `yyyy-mm-dd`. */
export function localDateOf(epochMs: number, timeZone: string): string {
  // The parts are put together here: no locale's own format is relied upon.
  const parts = new Intl.DateTimeFormat('en-GB', { timeZone, year: 'numeric', month: '2-digit', day: '2-digit' })
    .formatToParts(epochMs)
    .map(({ type, value }) => [type, value] as const);
  const { year, month, day } = Object.fromEntries(parts) as Record<string, string>;
  return `${year?.padStart(4, '0')}-${month}-${day}`;
}
