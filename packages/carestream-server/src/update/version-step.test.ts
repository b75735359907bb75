import { generateKeyPairSync } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { releaseFolderOf, type Directive, type HostState, type LicenceAnswer } from '../contract/index.ts';
import { AgentError } from '../runtime/index.ts';
import { pinnedKeyOf, signEnvelope } from '../runtime/signed-envelope.ts';
import type { Installer } from './installer.ts';
import { createVersionStep } from './version-step.ts';

const { privateKey } = generateKeyPairSync('ed25519');
const sha512 = 'ab'.repeat(64);
const nonce = 'nonce-0123456789abcdef';
const hourMs = 3_600_000;
const never = new AbortController().signal;

function answerOf(directive: Partial<Directive>): LicenceAnswer {
  const whole = {
    practice: 'elm-street',
    nonce,
    sequence: 1,
    version: '1.1.0',
    releaseSha512: sha512,
    attempt: 1,
    floor: '0.0.0',
    expiresAt: '2100-01-01T00:00:00Z',
    ...directive,
  };
  const envelope = signEnvelope(Buffer.from(JSON.stringify(whole)), 'directive', privateKey);
  return {
    practice: { id: 'elm-street' },
    directive: envelope,
    releaseManifest: envelope,
  } as unknown as LicenceAnswer;
}

/** A version step over a host that remembers what it is told to. */
function createWorld() {
  const notes = new Map<string, string>();
  const events: { name: string; fields: Record<string, unknown> }[] = [];
  const world = {
    notes,
    events,
    nowMs: Date.parse('2026-03-02T09:00:00Z'),
    host: null as HostState | null,
    running: '1.0.0-0a1b2c3d' as string | null,
    role: 'stable' as Installer['role'],
    failure: null as unknown,
    installs: [] as string[],
    keepsNotes: true,
    installing: null as Promise<void> | null,
    step(version = '1.0.0') {
      const installer: Installer = {
        running: world.running,
        role: world.role,
        keys: async () => ({ release: [pinnedKeyOf(privateKey)], directive: [pinnedKeyOf(privateKey)] }),
        hostState: async () => world.host,
        async install(directive) {
          world.installs.push(directive.version);
          await world.installing;
          if (world.failure !== null) throw world.failure;
        },
      };
      return createVersionStep(
        {
          clock: { now: () => world.nowMs },
          log: {
            emit: (name, fields) => void events.push({ name, fields: fields as Record<string, unknown> }),
            error: (error) => void events.push({ name: 'error', fields: { code: (error as AgentError).code } }),
          },
          notes: {
            get: (key) => notes.get(key) ?? null,
            set: (key, value) => void (world.keepsNotes && notes.set(key, value)),
          },
          installer,
        },
        { running: version, underHost: true, tryAgainAfterMs: 24 * hourMs, offerAgainAfterMs: hourMs },
      );
    },
    check: async (directive: Partial<Directive> = {}, version = '1.0.0') =>
      (await world.step(version).check(answerOf(directive), nonce, never)).outcome,
    refusals: () => events.filter(({ name }) => name === 'update.refused').map(({ fields }) => fields['code']),
  };
  return world;
}
const hostState = (changes: Partial<HostState>): HostState => ({
  stable: '1.0.0-0a1b2c3d',
  previous: null,
  candidate: null,
  tries: 0,
  quarantined: [],
  sequence: 0,
  floor: '0.0.0',
  ...changes,
});

describe('a staged release', () => {
  test('is offered once, then each hour while the host does not start it', async () => {
    const world = createWorld();
    expect(await world.check()).toBe('staged');
    expect(await world.check()).toBe('run');
    expect(world.refusals()).toEqual(['UPDATE_NOT_TAKEN']);
    world.nowMs += hourMs;
    expect(await world.check()).toBe('staged');
  });

  test('that was taken, left again and dictated anew is offered at once', async () => {
    const world = createWorld();
    expect(await world.check()).toBe('staged');
    // The new version runs, and is then told to go back, and forth again.
    expect(await world.check({ sequence: 2 }, '1.1.0')).toBe('run');
    expect(await world.check({ sequence: 3, version: '1.0.0', releaseSha512: 'cd'.repeat(64) }, '1.1.0')).toBe(
      'staged',
    );
    expect(await world.check({ sequence: 4, version: '1.0.0' }, '1.0.0')).not.toBe('exit');
    expect(await world.check({ sequence: 5 })).toBe('staged');
  });

  test('that is on trial is not offered by the stable one that the host runs meanwhile', async () => {
    const world = createWorld();
    world.host = hostState({ candidate: releaseFolderOf('1.1.0', sha512) });
    const step = world.step();
    expect(await step.check(answerOf({}), nonce, never)).toEqual({ outcome: 'run' });
    expect(step.state()).toMatchObject({ state: 'staged', dictated: '1.1.0', role: 'stable' });
    expect(world.installs).toEqual([]);
  });

  test('that cannot be noted as offered ends nothing', async () => {
    const world = createWorld();
    world.keepsNotes = false;
    expect(await world.check()).toBe('run');
  });
});

describe('what runs', () => {
  test('under the dictated version, but of another build, is exchanged', async () => {
    const world = createWorld();
    world.running = releaseFolderOf('1.1.0', 'cd'.repeat(64));
    expect(await world.check({}, '1.1.0')).toBe('staged');
    world.running = releaseFolderOf('1.1.0', sha512);
    expect(await world.check({}, '1.1.0')).toBe('run');
  });

  test('is told with its place, and what was undone with the reason', async () => {
    const world = createWorld();
    const quarantined = [{ releaseSha512: sha512, attempt: 1, reason: 'no health within 10 minutes' }];
    world.role = 'candidate';
    world.host = hostState({ stable: '0.9.0-0a1b2c3d', candidate: world.running, previous: null, quarantined });
    const step = world.step();
    await step.check(answerOf({}), nonce, never);
    expect(step.state()).toEqual({
      dictated: '1.1.0',
      state: 'refused',
      code: 'UPDATE_QUARANTINED',
      running: world.running,
      role: 'candidate',
      candidate: world.running,
      previous: null,
      quarantined,
    });
    // Promoted since: the next heartbeat but one says so without a restart.
    world.host = hostState({ stable: world.running });
    step.state();
    await Promise.resolve();
    await Promise.resolve();
    expect(step.state()).toMatchObject({ role: 'stable', candidate: null });
  });
});

describe('a release that cannot be had', () => {
  test('ends the agent once a day where a new start may help, and is told once', async () => {
    const world = createWorld();
    world.failure = new AgentError('UPDATE_FETCH_FAILED', {
      details: { host: 'registry.example.com', reason: 'too-slow' },
    });
    expect(await world.check()).toBe('exit');
    expect(await world.check()).toBe('run');
    world.nowMs += 24 * hourMs;
    expect(await world.check()).toBe('exit');
    expect(world.events.filter(({ name }) => name === 'update.refused').map(({ fields }) => fields)).toEqual([
      {
        version: '1.1.0',
        release: releaseFolderOf('1.1.0', sha512),
        attempt: 1,
        code: 'UPDATE_FETCH_FAILED',
        reason: 'too-slow',
        details: {},
        names: ['host=registry.example.com'],
      },
    ]);
  });

  test('because it was refused ends nothing; each reason and each attempt is told once', async () => {
    const world = createWorld();
    world.failure = new AgentError('UPDATE_TARBALL_WRONG');
    expect([await world.check(), await world.check()]).toEqual(['run', 'run']);
    world.failure = new AgentError('UPDATE_SIGNATURE_WRONG');
    expect(await world.check()).toBe('run');
    world.failure = new AgentError('UPDATE_TARBALL_WRONG');
    expect(await world.check()).toBe('run');
    expect(await world.check({ attempt: 2 })).toBe('run');
    expect(world.refusals()).toEqual(['UPDATE_TARBALL_WRONG', 'UPDATE_SIGNATURE_WRONG', 'UPDATE_TARBALL_WRONG']);
  });

  test('for a reason that nobody foresaw is told with it, and what runs goes on', async () => {
    const world = createWorld();
    world.failure = new TypeError('a mistake of ours');
    expect(await world.check()).toBe('run');
    expect(world.events.map(({ name }) => name)).toContain('error');
  });
});

test('two looks at once are taken one after the other, an end of the agent leaves quietly', async () => {
  const world = createWorld();
  const gate = Promise.withResolvers<void>();
  world.installing = gate.promise;
  world.failure = new AgentError('UPDATE_FETCH_FAILED');
  const ending = new AbortController();
  const step = world.step();
  const first = step.check(answerOf({}), nonce, ending.signal);
  const second = step.check(answerOf({ sequence: 2, version: '1.2.0' }), nonce, ending.signal);
  await expect.poll(() => world.installs).toEqual(['1.1.0']);
  ending.abort(new Error('the day is over'));
  gate.resolve();
  expect([await first, await second]).toEqual([{ outcome: 'run' }, { outcome: 'run' }]);
  expect(world.refusals()).toEqual([]);
});
