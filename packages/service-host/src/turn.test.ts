import { describe, expect, test } from 'vitest';
import { createHealthWatch, type HealthWatch } from './health-watch.ts';
import { createPauses } from './pauses.ts';
import { hostTimes } from './times.ts';
import { judge, turnLengthMs, type Turn } from './turn.ts';

const minute = 60_000;
const all = { database: true, licence: true, queue: true, upload: true };
const turnOf = (kind: Turn['kind'], startedAt = 0): Turn => ({
  about: kind,
  kind,
  startedAt,
  lastsMs: hostTimes.turnFirstMs,
  unhealthySince: startedAt,
  losses: 0,
});
/** Health told each 30 s from one time to another. */
const tell = (watch: HealthWatch, fromMs: number, toMs: number, checks: typeof all = all): void => {
  for (let at = fromMs; at <= toMs; at += 30_000) {
    watch.look(at);
    watch.tell(Object.values(checks).every(Boolean), checks, at);
  }
};
const watchOf = (): HealthWatch => createHealthWatch(0, hostTimes);
const verdictOf = (kind: Turn['kind'], watch: HealthWatch, now: number): string =>
  judge(turnOf(kind), watch, now, hostTimes).verdict;

describe('a candidate', () => {
  test('is kept after five minutes of health, and not a moment earlier', () => {
    const watch = watchOf();
    tell(watch, minute, 6 * minute);
    expect(verdictOf('trial', watch, 6 * minute - 1)).toBe('go-on');
    expect(verdictOf('trial', watch, 6 * minute)).toBe('promote');
  });

  test('begins anew when its health breaks for a moment', () => {
    const watch = watchOf();
    tell(watch, 0, 4 * minute);
    watch.tell(false, { ...all, queue: false }, 4 * minute + 1);
    tell(watch, 4 * minute + 2, 9 * minute);
    expect(verdictOf('trial', watch, 9 * minute)).toBe('go-on');
    expect(verdictOf('trial', watch, 9 * minute + 2)).toBe('promote');
  });

  test('that is silent is not healthy', () => {
    const watch = watchOf();
    tell(watch, 0, minute);
    expect(verdictOf('trial', watch, 5 * minute)).toBe('go-on');
    expect(watch.heldMs(5 * minute)).toBeNull();
    expect(judge(turnOf('trial'), watch, 11 * minute, hostTimes)).toEqual({
      verdict: 'turn-over',
      reason: 'lost its health: silent',
    });
  });

  test('has ten minutes to become healthy, over all its launches', () => {
    const watch = createHealthWatch(9 * minute, hostTimes);
    expect(verdictOf('trial', watch, 10 * minute - 1)).toBe('go-on');
    expect(judge(turnOf('trial'), watch, 10 * minute, hostTimes)).toEqual({
      verdict: 'turn-over',
      reason: 'never healthy: no word',
    });
    watch.tell(false, { ...all, database: false, upload: false }, 9.5 * minute);
    expect(judge(turnOf('trial'), watch, 10 * minute, hostTimes)).toEqual({
      verdict: 'turn-over',
      reason: 'never healthy: database, upload',
    });
  });
});

describe('stable', () => {
  test('in its turn is held to the same five minutes', () => {
    const watch = watchOf();
    tell(watch, minute, 6 * minute);
    expect(verdictOf('comparison', watch, 6 * minute - 1)).toBe('go-on');
    expect(verdictOf('comparison', watch, 6 * minute)).toBe('did-well');
    expect(verdictOf('comparison', watchOf(), 10 * minute - 1)).toBe('go-on');
    expect(verdictOf('comparison', watchOf(), 10 * minute)).toBe('no-better');
  });

  test('that becomes healthy late in its turn is given the time to show it', () => {
    const watch = watchOf();
    tell(watch, 9 * minute, 14 * minute);
    expect(verdictOf('comparison', watch, 12 * minute)).toBe('go-on');
    expect(verdictOf('comparison', watch, 14 * minute)).toBe('did-well');
  });

  test('alone is left alone, unless it hangs', () => {
    const watch = watchOf();
    expect(verdictOf('alone', watch, 1_000 * minute)).toBe('go-on');
    tell(watch, 0, minute, { ...all, database: false });
    expect(verdictOf('alone', watch, 11 * minute)).toBe('go-on');
    expect(verdictOf('alone', watch, 11 * minute + 1)).toBe('restart');
  });

  test('has longer turns each time that the world is broken, up to six hours', () => {
    const lengths = Array.from({ length: 8 }, (_, n) => turnLengthMs(n, hostTimes) / minute);
    expect(lengths).toEqual([10, 20, 40, 80, 160, 320, 360, 360]);
  });
});

describe('pauses', () => {
  const crash = { exitCode: 1, staged: false, livedMs: 5_000, healthyMs: 0, everHealthy: false };

  test('grow from 1 s to 5 minutes, and are forgotten after ten healthy minutes', () => {
    const pauses = createPauses(hostTimes);
    const row = Array.from({ length: 11 }, () => pauses.after(crash) / 1_000);
    expect(row).toEqual([1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300]);
    expect(pauses.after({ ...crash, healthyMs: 10 * minute - 1, everHealthy: true })).toBe(300_000);
    expect(pauses.after({ ...crash, healthyMs: 10 * minute, everHealthy: true })).toBe(1_000);
  });

  test('do not hold up a version that has just been staged, nor a day’s end', () => {
    const pauses = createPauses(hostTimes);
    expect(pauses.after({ ...crash, exitCode: 11, staged: true })).toBe(0);
    for (let n = 0; n < 5; n++) {
      expect(pauses.after({ ...crash, exitCode: 0, livedMs: 86_400_000, everHealthy: true })).toBe(0);
    }
  });
});
