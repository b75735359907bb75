import { generateKeyPairSync } from 'node:crypto';
import { createVirtualClock, type VirtualClock } from '@flynotes/testkit';
import { describe, expect, test } from 'vitest';
import {
  heartbeatSchema,
  hostEventSchema,
  type ErrorCode,
  type Heartbeat,
  type HealthChecks,
  type LicenceAnswer,
  type SignedEnvelope,
} from '../contract/index.ts';
import { licenceAnswerSchema } from '../contract/index.ts';
import { AgentError, type EventName, type Log } from '../runtime/index.ts';
import { pinnedKeyOf, signEnvelope } from '../runtime/signed-envelope.ts';
import type { Installer } from '../update/index.ts';
import { live, type LifeResult } from './life.ts';
import type { PracticePort, Work, WorkContext } from './ports.ts';
import { lifeTimes, type LifeTimes } from './times.ts';

const hourMs = 3_600_000;

/** A world around the agent: a database, a Flynotes, a queue, all of them fakes of the ports, and switches to break them. */
function createWorld(clock: VirtualClock) {
  const events: {
    readonly name: EventName;
    readonly fields: Readonly<Record<string, unknown>>;
    readonly atMs: number;
  }[] = [];
  const notes = new Map<string, string>();
  const health: HealthChecks[] = [];
  const heartbeats: Heartbeat[] = [];
  const licenceRequests: number[] = [];
  const passes: number[] = [];
  let accessKey = 0;
  const world = {
    events,
    notes,
    health,
    heartbeats,
    licenceRequests,
    passes,
    version: '1.0.0',
    dictated: '1.0.0',
    underHost: true,
    installer: null as Installer | null,
    sign: (payload: Buffer): SignedEnvelope => ({
      payload: payload.toString('base64'),
      signature: '',
      keyId: '0123456789abcdef',
    }),
    signedManifest: false,
    directive: {} as Record<string, unknown>,
    practiceWarnings: [] as ErrorCode[],
    sequence: 1,
    practiceFailure: null as unknown,
    licenceFailure: null as unknown,
    passFailure: null as unknown,
    serveFailure: null as unknown,
    passMs: 60_000,
    licence: {} as Partial<LicenceAnswer>,
    context: null as WorkContext<PracticePort> | null,
    closed: 0,
    disposed: 0,
    stopLate: false,
    queueFailing: null as ErrorCode | null,
    named: (name: EventName) => events.filter((event) => event.name === name),
    codes: () => events.filter((event) => event.name === 'error').map((event) => event.fields['code']),
    live,
  };

  const log: Log = {
    emit: (name, fields) => void events.push({ name, fields, atMs: clock.now() }),
    error: (error, area) =>
      void events.push({
        name: 'error',
        fields: { code: error instanceof AgentError ? error.code : 'CRASH', area },
        atMs: clock.now(),
      }),
  };

  const answer = (nonce: string): LicenceAnswer =>
    licenceAnswerSchema.parse({
      practice: { id: 'elm-street', name: 'Elm Street', timeZone: 'Europe/London' },
      queue: {
        url: 'https://sqs.eu-west-2.amazonaws.com/1/elm-street',
        region: 'eu-west-2',
        credentials: {
          accessKeyId: `AKIA${++accessKey}`,
          secretAccessKey: 'secret',
          sessionToken: 'token',
          expiresAt: new Date(clock.now() + 36 * hourMs).toISOString(),
        },
      },
      rollbar: null,
      registry: null,
      digest: { key: Buffer.alloc(32, 7).toString('base64'), canonicalVersion: 1 },
      schemaOverrides: {},
      features: {},
      directive: world.sign(
        Buffer.from(
          JSON.stringify({
            practice: 'elm-street',
            nonce,
            sequence: world.sequence,
            version: world.dictated,
            attempt: 1,
            floor: '0.1.0',
            expiresAt: new Date(clock.now() + hourMs).toISOString(),
            ...world.directive,
          }),
        ),
      ),
      releaseManifest: world.signedManifest ? { payload: '', signature: '', keyId: '0123456789abcdef' } : null,
      ...world.licence,
    });

  async function live(stop?: AbortSignal, times: Partial<LifeTimes> = {}): Promise<LifeResult> {
    let nonces = 0;
    return liveOnce(
      {
        clock,
        log,
        practice: {
          async open() {
            await clock.sleep(20);
            if (world.practiceFailure) throw world.practiceFailure;
            return practice;
          },
        },
        async licence(nonce, signal) {
          await clock.sleep(30, signal);
          if (world.licenceFailure) throw world.licenceFailure;
          licenceRequests.push(clock.now());
          return answer(nonce);
        },
        newNonce: () => `nonce-${'x'.repeat(16)}-${nonces++}`,
        onLicence: () => undefined,
        notes: { get: (key) => notes.get(key) ?? null, set: (key, value) => void notes.set(key, value) },
        assemble: async (context) => {
          world.context = context;
          return work;
        },
        sendHeartbeat: async (heartbeat) => {
          heartbeats.push(heartbeatSchema.parse(heartbeat));
          if (world.licenceFailure) throw world.licenceFailure;
        },
        writeHealth: (checks) => {
          hostEventSchema.parse({ event: 'health', checks });
          health.push(checks);
        },
        memory: () => ({ rssBytes: 1, heapUsedBytes: 1 }),
        installer: world.installer,
      },
      { version: world.version, hostVersion: null, underHost: world.underHost, times: { ...lifeTimes, ...times } },
      stop ?? new AbortController().signal,
    );
  }

  const practice: PracticePort = {
    get schema() {
      return { fingerprint: 'abc', warnings: world.practiceWarnings };
    },
    async ping(signal) {
      await clock.sleep(1, signal);
      if (world.practiceFailure) throw world.practiceFailure;
    },
    async [Symbol.asyncDispose]() {
      world.disposed += 1;
    },
  };

  let lastReceiveAt: string | null = null;
  const work: Work = {
    async serve(until) {
      while (!until.aborted) {
        // A long poll, which nobody aborts.
        await clock.sleep(20_000);
        lastReceiveAt = new Date(clock.now()).toISOString();
        if (world.serveFailure) throw world.serveFailure;
      }
      if (world.stopLate) await clock.sleep(60_000);
    },
    queueStats: () => ({ lastReceiveAt, lagMs: null, inFlight: 0, failing: world.queueFailing }),
    async uploadAll(signal) {
      await clock.sleep(world.passMs, signal);
      if (world.passFailure) throw world.passFailure;
      if (world.licenceFailure ?? world.practiceFailure) throw world.licenceFailure ?? world.practiceFailure;
      passes.push(clock.now());
    },
    lastPass: () => null,
    lastEqualAt: () => null,
    close: () => void (world.closed += 1),
  };
  return world;
}

const liveOnce = live;

describe('a life in virtual time', () => {
  test('three days: hourly passes and credentials, ended at each day’s end and started again', async () => {
    const clock = createVirtualClock();
    const world = createWorld(clock);
    for (let day = 1; day <= 3; day++) {
      const result = await clock.runUntil(world.live());
      expect(result).toMatchObject({ exitCode: 0, reason: 'day-over' });
      expect(world.passes).toHaveLength(24 * day);
      expect(world.licenceRequests).toHaveLength(24 * day);
      expect(world.disposed).toBe(day);
      expect(world.closed).toBe(day);
      expect(clock.sleepers()).toBe(0);
    }
    const gaps = world.passes.slice(1).map((at, index) => at - world.passes[index]!);
    expect(Math.max(...gaps)).toBeLessThan(hourMs + 60_000);
    expect(world.heartbeats.length).toBeGreaterThan(3 * 24 * 60 - 10);
    expect(world.codes()).toEqual([]);
    expect(world.health.at(-1)).toEqual({ database: true, licence: true, queue: true, upload: true });
  });

  test('the wall clock set a year on and a week back makes no day longer or shorter', async () => {
    const clock = createVirtualClock();
    const world = createWorld(clock);
    const start = clock.monotonic();
    const life = world.live();
    await clock.advance(5.5 * hourMs);
    clock.setNow(clock.now() + 365 * 24 * hourMs);
    await clock.advance(3 * hourMs);
    clock.setNow(clock.now() - 372 * 24 * hourMs);
    expect(await clock.runUntil(life)).toMatchObject({ exitCode: 0, reason: 'day-over' });
    expect(clock.monotonic() - start).toBeGreaterThanOrEqual(24 * hourMs);
    expect(clock.monotonic() - start).toBeLessThan(24 * hourMs + 30_000);
    expect(world.passes).toHaveLength(24);
  });

  test('a pass of three hours holds up neither the hours nor the renewals', async () => {
    const clock = createVirtualClock();
    const world = createWorld(clock);
    world.passMs = 3.2 * hourMs;
    expect(await clock.runUntil(world.live())).toMatchObject({ exitCode: 0 });
    expect(world.licenceRequests).toHaveLength(24);
    expect(world.passes).toHaveLength(6);
  });
});

describe('opening the scope', () => {
  const cases: [string, unknown, unknown, number, string[]][] = [
    [
      'both away',
      new AgentError('PRACTICE_UNREACHABLE'),
      new AgentError('FLYNOTES_UNREACHABLE'),
      21,
      ['PRACTICE_UNREACHABLE', 'FLYNOTES_UNREACHABLE'],
    ],
    ['a wrong key', null, new AgentError('LICENCE_UNKNOWN'), 20, ['LICENCE_UNKNOWN']],
    ['a suspended licence', null, new AgentError('LICENCE_SUSPENDED'), 20, ['LICENCE_SUSPENDED']],
    ['an answer that cannot be read', null, new AgentError('LICENCE_ANSWER_INVALID'), 21, ['LICENCE_ANSWER_INVALID']],
    ['a refused login', new AgentError('PRACTICE_LOGIN_FAILED'), null, 20, ['PRACTICE_LOGIN_FAILED']],
    ['a wrong database', new AgentError('PRACTICE_DATABASE_UNAVAILABLE'), null, 20, ['PRACTICE_DATABASE_UNAVAILABLE']],
    ['no R4 in it', new AgentError('PRACTICE_SCHEMA_UNSUPPORTED'), null, 20, ['PRACTICE_SCHEMA_UNSUPPORTED']],
    ['no right to read', new AgentError('PRACTICE_PERMISSION_DENIED'), null, 20, ['PRACTICE_PERMISSION_DENIED']],
    [
      'a refused login and Flynotes away',
      new AgentError('PRACTICE_LOGIN_FAILED'),
      new AgentError('FLYNOTES_TIMEOUT'),
      20,
      ['PRACTICE_LOGIN_FAILED', 'FLYNOTES_TIMEOUT'],
    ],
    ['too old', null, new AgentError('AGENT_TOO_OLD'), 20, ['AGENT_TOO_OLD']],
    ['a fault of ours', new TypeError('x is not a function'), null, 1, ['CRASH']],
  ];
  test.each(cases)(
    '%s: both ends are tried and reported',
    async (...[, practiceFailure, licenceFailure, exitCode, codes]) => {
      const clock = createVirtualClock();
      const world = createWorld(clock);
      Object.assign(world, { practiceFailure, licenceFailure });
      const result = await clock.runUntil(world.live());
      expect(result.exitCode).toBe(exitCode);
      expect(world.codes()).toEqual(codes);
      expect(result.failures).toHaveLength(codes.length);
      expect(world.disposed).toBe(practiceFailure ? 0 : 1);
      expect(clock.sleepers()).toBe(0);
    },
  );

  test('ends that never answer are given up after a minute', async () => {
    const clock = createVirtualClock();
    const world = createWorld(clock);
    const never = new Promise<never>(() => undefined);
    world.live = world.live.bind(world);
    const stop = new AbortController();
    const life = liveOnce(
      {
        clock,
        log: { emit: () => undefined, error: () => undefined },
        practice: {
          open: (signal) =>
            new Promise<PracticePort>((_, reject) =>
              signal.addEventListener('abort', () => reject(signal.reason as Error)),
            ),
        },
        licence: (_nonce, signal) =>
          new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error))),
        newNonce: () => 'n',
        onLicence: () => undefined,
        notes: { get: () => null, set: () => undefined },
        assemble: () => never,
        sendHeartbeat: () => never,
        writeHealth: () => undefined,
        memory: () => ({ rssBytes: 1, heapUsedBytes: 1 }),
        installer: null,
      },
      { version: '1.0.0', hostVersion: null, underHost: false, times: lifeTimes },
      stop.signal,
    );
    const result = await clock.runUntil(life);
    expect(result).toMatchObject({ exitCode: 21, reason: 'unreachable' });
    expect((result.failures as AgentError[]).map(({ code }) => code)).toEqual(['PRACTICE_TIMEOUT', 'FLYNOTES_TIMEOUT']);
  });

  test('told to stop meanwhile, it ends at once and reports nothing', async () => {
    const clock = createVirtualClock();
    const world = createWorld(clock);
    const stop = new AbortController();
    const life = world.live(stop.signal);
    await clock.advance(5);
    stop.abort();
    expect(await clock.runUntil(life)).toMatchObject({ exitCode: 0, reason: 'stopped' });
    expect(world.codes()).toEqual([]);
  });
});

describe('the version', () => {
  test.each([
    [false, 'UPDATE_UNSIGNED'],
    [true, 'UPDATE_VERSION_DIFFERS'],
  ])('another one, with a manifest: %s', async (signedManifest, code) => {
    const clock = createVirtualClock();
    const world = createWorld(clock);
    const directive = signedManifest ? { releaseSha512: 'ab'.repeat(64) } : {};
    Object.assign(world, { dictated: '1.1.0', signedManifest, directive });
    expect(await clock.runUntil(world.live())).toMatchObject({ exitCode: 12, reason: 'version-differs' });
    expect(world.named('version.differs').map(({ fields }) => fields)).toEqual([
      { running: '1.0.0', dictated: '1.1.0', code },
    ]);
    expect(world.passes).toEqual([]);
    expect(world.disposed).toBe(1);
    // Started again, nothing has changed: a practice is not left without an agent for that.
    expect(await clock.runUntil(world.live())).toMatchObject({ exitCode: 0, reason: 'day-over' });
    expect(world.heartbeats.at(-1)).toMatchObject({
      update: { dictated: '1.1.0', state: 'differs', code },
      warnings: [code],
    });
    // A day later it is worth another try.
    expect(await clock.runUntil(world.live())).toMatchObject({ exitCode: 12 });
    // A lower one counts as much.
    world.dictated = '0.9.0';
    expect(await clock.runUntil(world.live())).toMatchObject({ exitCode: 12 });
  });

  test('without a host nobody would start it again: it tells of it and runs on', async () => {
    const clock = createVirtualClock();
    const world = createWorld(clock);
    Object.assign(world, { dictated: '1.1.0', underHost: false });
    expect(await clock.runUntil(world.live())).toMatchObject({ exitCode: 0, reason: 'day-over' });
    expect(world.named('version.differs')).toHaveLength(1);
    expect(world.passes).toHaveLength(24);
  });

  test('where nothing can be noted, it runs on: ending at each start would be no work at all', async () => {
    const clock = createVirtualClock();
    const world = createWorld(clock);
    world.dictated = '1.1.0';
    world.notes.set = () => world.notes;
    expect(await clock.runUntil(world.live())).toMatchObject({ exitCode: 0, reason: 'day-over' });
    expect(world.named('version.differs')).toHaveLength(1);
    expect(world.passes).toHaveLength(24);
  });

  test('changed in the middle of the day, it is seen within the hour', async () => {
    const clock = createVirtualClock();
    const world = createWorld(clock);
    const life = world.live();
    await clock.advance(90 * 60_000);
    world.dictated = '1.0.1';
    const before = clock.monotonic();
    expect(await clock.runUntil(life)).toMatchObject({ exitCode: 12 });
    expect(clock.monotonic() - before).toBeLessThanOrEqual(hourMs / 2 + 25_000);
  });

  test('a message of an unknown type has it looked at now, but not more often than once a minute', async () => {
    const clock = createVirtualClock();
    const world = createWorld(clock);
    const life = world.live();
    await clock.advance(10 * 60_000);
    for (let count = 0; count < 100; count++) world.context!.checkVersion();
    await clock.advance(1_000);
    expect(world.licenceRequests).toHaveLength(2);
    await clock.advance(60_000);
    world.dictated = '1.0.1';
    world.context!.checkVersion();
    await clock.advance(25_000);
    expect(await life).toMatchObject({ exitCode: 12 });
  });

  test.each([
    ['of another practice', { practice: 'oak-lane' }],
    ['with an old nonce', { nonce: 'x'.repeat(20) }],
    ['expired', { expiresAt: '2020-01-01T00:00:00Z' }],
    ['below its own floor', { version: '0.0.9' }],
    ['of no version', { version: 'newest' }],
  ])('a directive %s changes nothing and is reported once', async (_name, directive) => {
    const clock = createVirtualClock();
    const world = createWorld(clock);
    Object.assign(world, { dictated: '9.9.9', directive });
    expect(await clock.runUntil(world.live())).toMatchObject({ exitCode: 0, reason: 'day-over' });
    expect(world.codes()).toEqual(['UPDATE_DIRECTIVE_INVALID']);
    expect(world.heartbeats.at(-1)!.update).toMatchObject({ state: 'refused', code: 'UPDATE_DIRECTIVE_INVALID' });
  });

  test('an answer that is older than one that was accepted is no directive', async () => {
    const clock = createVirtualClock();
    const world = createWorld(clock);
    world.sequence = 5;
    await clock.runUntil(world.live());
    Object.assign(world, { sequence: 4, dictated: '0.5.0' });
    expect(await clock.runUntil(world.live())).toMatchObject({ exitCode: 0 });
    expect(world.codes()).toEqual(['UPDATE_DIRECTIVE_INVALID']);
  });
});

describe('a release that is staged', () => {
  const { privateKey } = generateKeyPairSync('ed25519');
  const keys = [pinnedKeyOf(privateKey)];
  const installerOf = (install: Installer['install']): Installer => ({
    running: null,
    role: 'stable',
    keys: async () => ({ release: keys, directive: keys }),
    hostState: async () => null,
    install,
  });
  /** Directives are signed here, as Flynotes signs them. */
  const signing = (world: ReturnType<typeof createWorld>, install: Installer['install']): void => {
    Object.assign(world, {
      dictated: '1.1.0',
      signedManifest: true,
      directive: { releaseSha512: 'ab'.repeat(64) },
      installer: installerOf(install),
      sign: (payload: Buffer) => signEnvelope(payload, 'directive', privateKey),
    });
  };

  test('ends the life with 11, before anything was begun', async () => {
    const clock = createVirtualClock();
    const world = createWorld(clock);
    const installed: string[] = [];
    signing(world, async ({ version }) => void installed.push(version));
    expect(await clock.runUntil(world.live())).toMatchObject({ exitCode: 11, reason: 'version-staged' });
    expect(installed).toEqual(['1.1.0']);
    expect(world.passes).toEqual([]);
    expect(world.disposed).toBe(1);
  });

  test('late does not keep the practice waiting: the work begins, and ends when it is there', async () => {
    const clock = createVirtualClock();
    const world = createWorld(clock);
    signing(world, (_directive, _answer, signal) => clock.sleep(10 * 60_000, signal));
    const life = world.live();
    await clock.advance(5 * 60_000);
    expect(world.passes).toHaveLength(1);
    expect(await clock.runUntil(life)).toMatchObject({ exitCode: 11 });
  });

  test('in the middle of the day ends it within the hour; a stop goes before', async () => {
    const clock = createVirtualClock();
    const world = createWorld(clock);
    signing(world, (_directive, _answer, signal) => clock.sleep(1_000, signal));
    world.dictated = '1.0.0';
    const life = world.live();
    await clock.advance(90 * 60_000);
    world.dictated = '1.1.0';
    expect(await clock.runUntil(life)).toMatchObject({ exitCode: 11 });

    const stop = new AbortController();
    signing(world, (_directive, _answer, signal) => clock.sleep(60_000, signal));
    world.notes.clear();
    const stopped = world.live(stop.signal);
    await clock.advance(5_000);
    stop.abort();
    expect(await clock.runUntil(stopped)).toMatchObject({ exitCode: 0, reason: 'stopped' });
  });
});

describe('failures in the middle of life', () => {
  test('Flynotes away for five hours: one report, growing pauses, one word when it is back', async () => {
    const clock = createVirtualClock();
    const world = createWorld(clock);
    const life = world.live();
    await clock.advance(2.5 * hourMs);
    const before = world.licenceRequests.length;
    world.licenceFailure = new AgentError('FLYNOTES_UNREACHABLE');
    await clock.advance(5 * hourMs);
    expect(world.licenceRequests).toHaveLength(before);
    expect(world.codes()).toEqual(['FLYNOTES_UNREACHABLE']);
    expect(world.heartbeats.at(-1)!.warnings).toEqual(['FLYNOTES_UNREACHABLE']);
    expect(world.health.at(-1)).toMatchObject({ licence: false, queue: true, database: true });
    world.licenceFailure = null;
    // The longest pause is 5 minutes and 30 %, and then a pass runs.
    await clock.advance(7 * 60_000 + 2 * world.passMs);
    expect(world.licenceRequests).toHaveLength(before + 1);
    const ended = world.named('episode.ended').map(({ fields }) => fields);
    expect(ended).toHaveLength(2);
    expect(ended.map(({ area }) => area)).toEqual(expect.arrayContaining(['licence', 'upload']));
    expect(Number(ended[0]!['failures'])).toBeLessThan(100);
    expect(await clock.runUntil(life)).toMatchObject({ exitCode: 0 });
  });

  test.each(['LICENCE_UNKNOWN', 'LICENCE_SUSPENDED', 'AGENT_TOO_OLD'] as const)(
    '%s in the middle of the day: no more work, told once, exit 20 within two minutes',
    async (code) => {
      const clock = createVirtualClock();
      const world = createWorld(clock);
      const life = world.live();
      await clock.advance(1.25 * hourMs);
      world.licenceFailure = new AgentError(code);
      const before = clock.monotonic();
      const result = await clock.runUntil(life);
      expect(result).toMatchObject({ exitCode: 20, reason: 'configuration', failures: [world.licenceFailure] });
      expect(clock.monotonic() - before).toBeLessThan(120_000);
      expect(world.codes()).toEqual([code]);
      expect([world.disposed, world.closed]).toEqual([1, 1]);
    },
  );

  test('a refusal of an upload that the licence does not confirm ends nothing', async () => {
    const clock = createVirtualClock();
    const world = createWorld(clock);
    world.passFailure = new AgentError('LICENCE_SUSPENDED');
    const life = world.live();
    await clock.advance(5 * 60_000);
    world.passFailure = null;
    expect(await clock.runUntil(life)).toMatchObject({ exitCode: 0, reason: 'day-over' });
  });

  test('SQL Server away for an hour: told once, health false, and well again', async () => {
    const clock = createVirtualClock();
    const world = createWorld(clock);
    const life = world.live();
    await clock.advance(1.5 * hourMs);
    world.practiceFailure = new AgentError('PRACTICE_CONNECTION_LOST');
    await clock.advance(hourMs);
    expect(world.codes()).toEqual(['PRACTICE_CONNECTION_LOST']);
    expect(world.health.at(-1)).toMatchObject({ database: false, licence: true, queue: true });
    world.practiceFailure = null;
    await clock.advance(2 * 60_000);
    expect(world.health.at(-1)).toMatchObject({ database: true });
    expect(await clock.runUntil(life)).toMatchObject({ exitCode: 0 });
  });

  test('a queue that fails, and one that answers again, are told to the host at once', async () => {
    const clock = createVirtualClock();
    const world = createWorld(clock);
    const life = world.live(undefined, { healthEveryMs: hourMs });
    await clock.advance(100_000);
    const told = [world.health.at(-1)!.queue];
    for (const failing of ['QUEUE_UNREACHABLE', null] as const) {
      world.queueFailing = failing;
      world.context!.queueAnswered();
      told.push(world.health.at(-1)!.queue);
    }
    expect(told).toEqual([true, false, true]);
    await clock.runUntil(life);
  });

  test('a pass that will not get better by trying waits for the next hour', async () => {
    const clock = createVirtualClock();
    const world = createWorld(clock);
    world.passFailure = new AgentError('PARITY_FAILED');
    const life = world.live();
    await clock.advance(1.5 * hourMs);
    world.passFailure = null;
    await clock.runUntil(life);
    expect(world.named('episode.ended')).toHaveLength(1);
    expect(world.named('episode.ended')[0]!.fields).toMatchObject({ failures: 2 });
    expect(world.passes).toHaveLength(22);
  });

  test('a part that breaks unforeseen ends the life as a crash', async () => {
    const clock = createVirtualClock();
    const world = createWorld(clock);
    const life = world.live();
    await clock.advance(60_000);
    world.serveFailure = new RangeError('Invalid array length');
    expect(await clock.runUntil(life)).toMatchObject({ exitCode: 1, reason: 'crashed' });
    expect(world.codes()).toEqual(['CRASH']);
  });
});

describe('the end', () => {
  test('a restart is asked for: exit code 10 after what is in flight', async () => {
    const clock = createVirtualClock();
    const world = createWorld(clock);
    const life = world.live();
    await clock.advance(70_000);
    world.context!.requestRestart();
    const before = clock.monotonic();
    expect(await clock.runUntil(life)).toMatchObject({ exitCode: 10, reason: 'restart-requested' });
    expect(clock.monotonic() - before).toBeLessThanOrEqual(25_000);
  });

  test('a stop ends within 25 s, also when the queue does not', async () => {
    for (const stopLate of [false, true]) {
      const clock = createVirtualClock();
      const world = createWorld(clock);
      Object.assign(world, { stopLate, passMs: 10 * hourMs });
      const stop = new AbortController();
      const life = world.live(stop.signal);
      await clock.advance(70_000);
      stop.abort();
      const before = clock.monotonic();
      expect(await clock.runUntil(life)).toMatchObject({ exitCode: 0, reason: 'stopped' });
      expect(clock.monotonic() - before).toBeLessThanOrEqual(24_000);
      expect(world.codes()).toEqual(stopLate ? ['STOPPED_LATE'] : []);
    }
  });

  test('a licence answer that moves the queue or changes the digest key builds the parts anew', async () => {
    const clock = createVirtualClock();
    const world = createWorld(clock);
    const life = world.live();
    await clock.advance(0.5 * hourMs);
    world.licence = { digest: { key: Buffer.alloc(32, 8).toString('base64'), canonicalVersion: 1 } };
    expect(await clock.runUntil(life)).toMatchObject({ exitCode: 10, reason: 'licence-changed' });
  });
});

test('a login that may write is warned of once a day, and stands in each heartbeat', async () => {
  const clock = createVirtualClock();
  const world = createWorld(clock);
  world.practiceWarnings = ['PRACTICE_WRITABLE', 'PRACTICE_INDEX_MISSING'];
  for (let day = 0; day < 3; day++) {
    await clock.runUntil(world.live());
  }
  const warnings = world.named('warning').map(({ fields }) => fields['code']);
  expect(warnings.length).toBeGreaterThanOrEqual(3);
  expect(warnings.length).toBeLessThanOrEqual(4);
  expect(new Set(warnings)).toEqual(new Set(['PRACTICE_WRITABLE']));
  expect(world.heartbeats.every(({ warnings: codes }) => codes.includes('PRACTICE_WRITABLE'))).toBe(true);
});

test('a login that rules the server is an error, once a day', async () => {
  const clock = createVirtualClock();
  const world = createWorld(clock);
  world.practiceWarnings = ['PRACTICE_SYSADMIN'];
  for (let day = 0; day < 2; day++) await clock.runUntil(world.live());
  const told = world.codes().filter((code) => code === 'PRACTICE_SYSADMIN');
  expect(told.length).toBeGreaterThanOrEqual(2);
  expect(told.length).toBeLessThanOrEqual(3);
  expect(world.heartbeats.every(({ warnings: codes }) => codes.includes('PRACTICE_SYSADMIN'))).toBe(true);
});
