/**
 * How often a randomised test repeats: modestly in `npm test`, fully in `npm run test:long`.
 */
export function timesOf(modest: number, full: number): number {
  return process.env['CARESTREAM_TEST_LONG'] === '1' ? full : modest;
}
