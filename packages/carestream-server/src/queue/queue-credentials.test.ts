import { createVirtualClock } from '@flynotes/testkit';
import { describe, expect, it } from 'vitest';
import type { QueueCredentials } from '../contract/index.ts';
import { AgentError } from '../runtime/index.ts';
import { createCachedCredentials } from './queue-credentials.ts';

const hourMs = 3_600_000;

/** Flynotes, as far as credentials go. */
function createIssuer(options: { lifeMs?: number; issuerAheadMs?: number } = {}) {
  const clock = createVirtualClock();
  let number = 0;
  const issue = (): QueueCredentials => {
    number += 1;
    const expiresAt = new Date(
      clock.now() + (options.issuerAheadMs ?? 0) + (options.lifeMs ?? 36 * hourMs),
    ).toISOString();
    return { accessKeyId: `KEY${number}`, secretAccessKey: 'secret', sessionToken: 'token', expiresAt };
  };
  const issuer = { away: false, current: issue(), calls: 0 };
  const renewed: boolean[] = [];
  const cached = createCachedCredentials({
    clock,
    source: {
      current: () => issuer.current,
      async renew() {
        issuer.calls += 1;
        await clock.sleep(50);
        if (issuer.away) throw new AgentError('FLYNOTES_UNREACHABLE');
        return issue();
      },
    },
    onRenewed: (forced) => void renewed.push(forced),
  });
  /** As the SDK does it: asks again with each request from five minutes before the end on. */
  const keyAt = async () => (await clock.runUntil(cached.provide())).accessKeyId;
  const leftMs = async () => (await clock.runUntil(cached.provide())).expiration.getTime() - clock.now();
  return { clock, issuer, issue, cached, renewed, keyAt, leftMs };
}

describe('cached credentials', () => {
  it('are told to end after 65 minutes, and renewed after 60', async () => {
    const bench = createIssuer();
    expect(await bench.leftMs()).toBe(65 * 60_000);
    await bench.clock.advance(59 * 60_000);
    expect(await bench.keyAt()).toBe('KEY1');
    await bench.clock.advance(60_000);
    expect(await bench.keyAt()).toBe('KEY2');
    expect(bench.issuer.calls).toBe(1);
    expect(bench.renewed).toEqual([false]);
  });

  it('are renewed once an hour over a day, however often they are asked for', async () => {
    const bench = createIssuer();
    for (let minute = 0; minute < 24 * 60; minute++) {
      await bench.clock.runUntil(Promise.all([bench.cached.provide(), bench.cached.provide()]));
      await bench.clock.advance(60_000);
    }
    expect(bench.issuer.calls).toBe(23);
  });

  it('are kept until their real end while Flynotes is away, which is asked no more than each minute', async () => {
    const bench = createIssuer();
    bench.issuer.away = true;
    for (let minute = 0; minute < 36 * 60 - 2; minute++) {
      expect(await bench.keyAt()).toBe('KEY1');
      expect(await bench.leftMs()).toBeGreaterThan(0);
      await bench.clock.advance(60_000);
    }
    expect(bench.issuer.calls).toBeLessThan(36 * 60);
    await bench.clock.advance(5 * 60_000);
    await expect(bench.clock.runUntil(bench.cached.provide())).rejects.toMatchObject({ code: 'FLYNOTES_UNREACHABLE' });
    bench.issuer.away = false;
    await bench.clock.advance(61_000);
    expect(await bench.keyAt()).toBe('KEY2');
  });

  it('keep the SDK from asking with each request while Flynotes is away', async () => {
    const bench = createIssuer();
    bench.issuer.away = true;
    await bench.clock.advance(61 * 60_000);
    expect(await bench.leftMs()).toBeGreaterThan(5 * 60_000);
  });

  it('of a short life are renewed well before its end', async () => {
    const bench = createIssuer({ lifeMs: 60_000 });
    await bench.clock.advance(40_000);
    expect(await bench.keyAt()).toBe('KEY1');
    await bench.clock.advance(10_000);
    expect(await bench.keyAt()).toBe('KEY2');
  });

  it.each([-48 * hourMs, 48 * hourMs])(
    'work although this clock and Flynotes’ are %d ms apart',
    async (issuerAheadMs) => {
      const bench = createIssuer({ issuerAheadMs });
      expect(await bench.leftMs()).toBeGreaterThan(hourMs);
      await bench.clock.advance(hourMs);
      expect(await bench.keyAt()).toBe('KEY2');
    },
  );

  it('do not notice that someone sets the clock', async () => {
    const bench = createIssuer();
    bench.clock.setNow(bench.clock.now() + 72 * hourMs);
    expect(await bench.keyAt()).toBe('KEY1');
    expect(await bench.leftMs()).toBe(65 * 60_000);
    bench.clock.setNow(bench.clock.now() - 144 * hourMs);
    expect(await bench.keyAt()).toBe('KEY1');
    expect(bench.issuer.calls).toBe(0);
  });

  it('take over what a licence answer brings', async () => {
    const bench = createIssuer();
    bench.issuer.current = bench.issue();
    expect(await bench.keyAt()).toBe('KEY2');
    await bench.clock.advance(59 * 60_000);
    expect(await bench.keyAt()).toBe('KEY2');
    expect(bench.issuer.calls).toBe(0);
  });

  it('are replaced when refused: once for all who ask, and no more than every five seconds', async () => {
    const bench = createIssuer();
    const { cached, clock } = bench;
    expect(
      await clock.runUntil(Promise.all([cached.replace('KEY1'), cached.replace('KEY1'), cached.replace('KEY1')])),
    ).toEqual([true, true, true]);
    expect(bench.issuer.calls).toBe(1);
    expect(bench.renewed).toEqual([true]);
    expect(await clock.runUntil(cached.replace('KEY1'))).toBe(true);
    expect(await clock.runUntil(cached.replace('KEY2'))).toBe(false);
    expect(bench.issuer.calls).toBe(1);
    await clock.advance(5_000);
    expect(await clock.runUntil(cached.replace('KEY2'))).toBe(true);
    expect(await bench.keyAt()).toBe('KEY3');
  });

  it('that cannot be replaced say why', async () => {
    const bench = createIssuer();
    bench.issuer.away = true;
    await expect(bench.clock.runUntil(bench.cached.replace('KEY1'))).rejects.toMatchObject({
      code: 'FLYNOTES_UNREACHABLE',
    });
  });
});
