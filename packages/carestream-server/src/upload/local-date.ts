/** The date of an instant in a time zone, `yyyy-mm-dd`; in a time zone that this machine does not know, the date in UTC. */
export function localDateOf(epochMs: number, timeZone: string): string {
  return createLocalDates(timeZone)(epochMs);
}

/** The same for one time zone: looking it up takes longer than all the rest of mapping a patient. */
export function createLocalDates(timeZone: string): (epochMs: number) => string {
  const format = formatIn(timeZone);
  return (epochMs) => {
    // The parts are put together here: no locale's own format is relied upon.
    const parts = format.formatToParts(epochMs).map(({ type, value }) => [type, value] as const);
    const { year, month, day } = Object.fromEntries(parts) as Record<string, string>;
    return `${year?.padStart(4, '0')}-${month}-${day}`;
  };
}

function formatIn(timeZone: string): Intl.DateTimeFormat {
  const shape = { year: 'numeric', month: '2-digit', day: '2-digit' } as const;
  try {
    return new Intl.DateTimeFormat('en-GB', { timeZone, ...shape });
  } catch {
    // A name mistyped at Flynotes must not stop every upload; the date only judges dates of birth.
    return new Intl.DateTimeFormat('en-GB', { timeZone: 'UTC', ...shape });
  }
}
