import { sqlError } from '../errors.ts';

/** Milliseconds of WAITFOR DELAY's `hh:mm[:ss[.mmm]]`. */
export const parseDelay = (text: string): number => {
  const match = /^\s*(\d{1,2}):(\d{1,2})(?::(\d{1,2})(?:[.:](\d{1,3}))?)?\s*$/.exec(text);
  const [hour, minute, second] = [Number(match?.[1]), Number(match?.[2]), Number(match?.[3] ?? 0)];
  if (match === null || hour > 23 || minute > 59 || second > 59) throw sqlError(148, text);
  return hour * 3_600_000 + minute * 60_000 + second * 1000 + Number(`0.${match[4] ?? '0'}`) * 1000;
};
