/** Naive wall times of the practice (Europe/London), as milliseconds since 1970-01-01T00:00:00. */
export const minuteMs = 60_000;
export const hourMs = 60 * minuteMs;
export const dayMs = 24 * hourMs;

/** The generated practice's "today": fixed, so that the same seed gives the same practice whenever it is generated. */
export const practiceToday = Date.UTC(2026, 9, 30);

/** The value with which R4's forms leave "no date": the zero of OLE dates. */
export const oleZero = Date.UTC(1899, 11, 30);
/** SQL Server's own zero date. */
export const sqlZero = Date.UTC(1900, 0, 1);

const lastSunday = (year: number, month: number): number => {
  const last = new Date(Date.UTC(year, month + 1, 0));
  return last.getTime() - last.getUTCDay() * dayMs;
};

/** 01:30 on the night when clocks go forward (March): British wall clocks never show it. */
export const impossibleTime = (year: number): number => lastSunday(year, 2) + 90 * minuteMs;

/** 01:30 on the night when clocks go back (October): British wall clocks show it twice. */
export const ambiguousTime = (year: number): number => lastSunday(year, 9) + 90 * minuteMs;

/** A `datetime` holds thirds of a hundredth of a second only: its milliseconds end in 0, 3 or 7. */
export const datetimeTick = (ms: number): number => {
  const floor = Math.floor(ms / 10) * 10;
  const rest = ms - floor;
  return floor + (rest < 2 ? 0 : rest < 5 ? 3 : rest < 9 ? 7 : 10);
};
