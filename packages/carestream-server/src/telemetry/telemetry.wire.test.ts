import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { practiceIdSchema, type Level } from '../contract/index.ts';
import { AgentError } from '../runtime/index.ts';
import { createSystemClock } from '../runtime/system-clock.ts';
import { openState, type State } from '../state/index.ts';
import { sendRollbarItem } from './rollbar-sender.ts';
import { createTelemetry, type Telemetry } from './telemetry.ts';

interface Received {
  readonly headers: IncomingHttpHeaders;
  readonly path: string;
  readonly text: string;
}

/** A receiver with Rollbar's address that answers as it is told. */
async function createReceiver() {
  const received: Received[] = [];
  const answers: { status: number; headers?: Record<string, string>; hangs?: boolean }[] = [];
  const server: Server = createServer((request, response) => {
    let text = '';
    request.setEncoding('utf8').on('data', (part: string) => (text += part));
    request.on('end', () => {
      received.push({ headers: request.headers, path: request.url ?? '', text });
      const { status, headers, hangs } = answers.shift() ?? { status: 200 };
      if (hangs) return;
      response.writeHead(status, { 'content-type': 'application/json', ...headers });
      response.end(JSON.stringify({ err: status === 200 ? 0 : 1 }));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    received,
    answers,
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    bodies: () => received.map(({ text }) => JSON.parse(text) as { data: Record<string, unknown> }),
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

const clock = createSystemClock();
let folder = '';
let receiver: Awaited<ReturnType<typeof createReceiver>>;
const opened: { stop(): Promise<void> }[] = [];

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'telemetry-'));
  receiver = await createReceiver();
});
afterEach(async () => {
  for (const each of opened.splice(0)) await each.stop();
  await receiver.close();
  rmSync(folder, { recursive: true, force: true });
});

function open(options: { token?: string; withState?: boolean } = {}): { telemetry: Telemetry; state: State | null } {
  const telemetry = createTelemetry(
    { clock },
    {
      logFolder: join(folder, 'logs'),
      version: '1.2.3',
      rollbarToken: options.token,
      rollbarEndpoint: receiver.endpoint,
      backoff: { firstMs: 20, mostMs: 100, jitter: 0 },
    },
  );
  const state = options.withState === false ? null : openState(join(folder, 'agent.db'), { clock });
  if (state) {
    telemetry.attach({
      add: (kind, json) => state.outbox.add(kind, json),
      next: (kind, limit) => state.outbox.next(limit, kind),
      delete: (ids) => state.outbox.delete(ids),
    });
  }
  const ending = new AbortController();
  const running = telemetry.run(ending.signal);
  opened.push({
    async stop() {
      ending.abort();
      await running;
      telemetry.close();
      state?.close();
    },
  });
  return { telemetry, state };
}

async function stopAll(): Promise<void> {
  for (const each of opened.splice(0)) await each.stop();
}

async function until(condition: () => boolean): Promise<void> {
  for (let tries = 0; !condition(); tries++) {
    if (tries > 1_000) throw new Error('it did not come to pass');
    await clock.sleep(10);
  }
}

const configure = (telemetry: Telemetry, level: Level = 'info') =>
  telemetry.configure({
    practice: { id: practiceIdSchema.parse('elm-street') },
    rollbar: { accessToken: 'token-of-the-answer', environment: 'sandbox', level, endpoint: receiver.endpoint },
  });

describe('items for Rollbar', () => {
  test('arrive with the token in a header, nowhere in the body, and with allow-listed facts alone', async () => {
    const { telemetry, state } = open();
    configure(telemetry);
    telemetry.log.emit('command.test', { messageId: 'm-1', version: '1.2.3' });
    telemetry.log.error(new AgentError('PRACTICE_DEADLOCK', { details: { number: 1205 } }), 'practice');
    await until(() => receiver.received.length === 2);
    const [test_, error] = receiver.bodies();
    for (const { headers, path, text } of receiver.received) {
      expect(path).toBe('/api/1/item/');
      expect(headers['x-rollbar-access-token']).toBe('token-of-the-answer');
      expect(headers['content-type']).toBe('application/json');
      expect(text).not.toContain('token-of-the-answer');
    }
    expect(test_!.data).toMatchObject({
      environment: 'sandbox',
      level: 'info',
      code_version: '1.2.3',
      body: { message: { body: 'command.test' } },
      custom: { event: 'command.test', practice: 'elm-street', messageId: 'm-1' },
    });
    expect(error!.data).toMatchObject({
      level: 'error',
      body: { trace: { exception: { class: 'PRACTICE_DEADLOCK' } } },
    });
    await until(() => state!.outbox.size() === 0);
  });

  test('wait for a token, and are kept across a restart', async () => {
    const first = open();
    first.telemetry.log.emit('agent.stopping', { reason: 'stopped' });
    first.telemetry.log.error(new AgentError('LICENCE_UNKNOWN'), 'licence');
    await clock.sleep(50);
    expect(receiver.received).toEqual([]);
    await stopAll();
    const second = open();
    await clock.sleep(50);
    expect(receiver.received).toEqual([]);
    configure(second.telemetry);
    await until(() => receiver.received.length === 2);
    expect(receiver.bodies().map(({ data }) => data['title'])).toEqual(['agent.stopping', 'error LICENCE_UNKNOWN']);
  });

  test('go with the configuration’s token before there is a licence answer', async () => {
    const { telemetry } = open({ token: 'token-of-the-config' });
    telemetry.log.error(new AgentError('LICENCE_UNKNOWN'), 'licence');
    await telemetry.flush(3_000);
    expect(receiver.received[0]!.headers['x-rollbar-access-token']).toBe('token-of-the-config');
  });

  test('without any state database they still leave before the end', async () => {
    const { telemetry } = open({ token: 'token-of-the-config', withState: false });
    telemetry.log.error(new AgentError('STATE_UNUSABLE'), 'state');
    telemetry.log.emit('agent.ended', { reason: 'configuration', exitCode: 20 });
    await telemetry.flush(3_000);
    expect(receiver.bodies().map(({ data }) => data['title'])).toEqual(['error STATE_UNUSABLE', 'agent.ended']);
  });

  test('429, 5xx, a wrong token and a broken connection are tried again; each item arrives once', async () => {
    const { telemetry, state } = open();
    receiver.answers.push({ status: 429, headers: { 'retry-after': '0.05' } }, { status: 503 }, { status: 401 });
    configure(telemetry);
    for (let index = 0; index < 5; index++) telemetry.log.emit('command.test', { messageId: `m-${index}` });
    await until(() => receiver.received.length === 8);
    await until(() => state!.outbox.size() === 0);
    const ids = receiver.bodies().map(({ data }) => (data['custom'] as { messageId: string }).messageId);
    expect(ids).toEqual(['m-0', 'm-0', 'm-0', 'm-0', 'm-1', 'm-2', 'm-3', 'm-4']);
  });

  test('what somebody asked for goes whatever the lowest level is, and is stored before the call returns', async () => {
    const { telemetry, state } = open();
    configure(telemetry, 'critical');
    receiver.answers.push({ status: 503 });
    telemetry.log.emit('agent.stopping', { reason: 'stopped' });
    const events = ['command.test', 'command.questions', 'command.preset-answers'] as const;
    expect(events.map((name) => telemetry.log.require(name, { messageId: 'm-1' }))).toEqual([true, true, true]);
    expect(state!.outbox.size('rollbar')).toBe(3);
    await until(() => state!.outbox.size() === 0);
    expect(new Set(receiver.bodies().map(({ data }) => data['title']))).toEqual(new Set(events));
    const memoryOnly = open({ token: 'token', withState: false }).telemetry;
    expect(memoryOnly.log.require('command.test', { messageId: 'm-2' })).toBe(false);
  });

  test('a token that stays wrong is told of on this machine once, and nothing is given up', async () => {
    const { telemetry, state } = open();
    expect(telemetry.failing()).toBeNull();
    receiver.answers.push(...Array.from({ length: 4 }, () => ({ status: 401 })), { status: 500 });
    configure(telemetry);
    telemetry.log.error(new AgentError('DISK_FULL'), 'state');
    await until(() => receiver.received.length === 4);
    expect(telemetry.failing()).toBe('REPORT_UNDELIVERED');
    await until(() => state!.outbox.size() === 0);
    await until(() => telemetry.failing() === null);
    const [file = ''] = readdirSync(join(folder, 'logs'));
    const lines = readFileSync(join(folder, 'logs', file), 'utf8').split('\n');
    const told = lines.filter((line) => line.includes('reports.failing')).map((line) => JSON.parse(line) as object);
    expect(told).toMatchObject([{ code: 'REPORT_UNDELIVERED', status: 401 }, { status: 500 }]);
  });

  test('an item that is refused for good is given up, counted and told of', async () => {
    const { telemetry, state } = open();
    receiver.answers.push({ status: 422 }, { status: 413 });
    configure(telemetry);
    for (let index = 0; index < 3; index++) telemetry.log.emit('command.test', { messageId: `m-${index}` });
    await until(() => receiver.received.length === 3);
    await telemetry.flush(3_000);
    expect(receiver.received).toHaveLength(4);
    expect(receiver.bodies()[3]!.data['custom']).toMatchObject({
      event: 'reports.dropped',
      kind: 'rollbar',
      refused: 2,
      status: 413,
    });
    expect(state!.outbox.size()).toBe(0);
  });

  test('a receiver that never answers holds up the end no longer than allowed, and loses nothing', async () => {
    const { telemetry, state } = open();
    receiver.answers.push({ status: 200, hangs: true });
    configure(telemetry);
    telemetry.log.error(new AgentError('DISK_FULL'), 'state');
    await until(() => receiver.received.length === 1);
    await telemetry.flush(200);
    expect(state!.outbox.size()).toBe(1);
  });

  test('an error that holds a patient leaves no trace in log, outbox or on the wire', async () => {
    const canary = /Gwendolyn|Okonkwo/;
    const { telemetry, state } = open();
    const cause = Object.assign(new Error('duplicate key (Gwendolyn Okonkwo)'), { code: 'Gwendolyn' });
    telemetry.log.error(
      new AgentError('PRACTICE_QUERY_FAILED', { cause, details: { row: 'Gwendolyn Okonkwo' } }),
      'practice',
    );
    telemetry.log.error(new Error('Gwendolyn Okonkwo', { cause }), 'upload');
    telemetry.log.crash(cause);
    expect(state!.outbox.size()).toBe(3);
    for (const { payloadJson } of state!.outbox.next(10)) expect(payloadJson).not.toMatch(canary);
    configure(telemetry);
    await until(() => receiver.received.length === 3);
    for (const { text, headers } of receiver.received) expect(text + JSON.stringify(headers)).not.toMatch(canary);
    await stopAll();
    for (const name of readdirSync(folder, { recursive: true, withFileTypes: true })) {
      if (name.isFile()) expect(readFileSync(join(name.parentPath, name.name), 'latin1')).not.toMatch(canary);
    }
  });
});

test('an undelivered item is REPORT_UNDELIVERED, with the pause that Rollbar asks for', async () => {
  receiver.answers.push({ status: 429, headers: { 'x-rate-limit-remaining-seconds': '30' } });
  const target = { accessToken: 't', environment: 'test', endpoint: receiver.endpoint };
  await expect(sendRollbarItem('{}', target, new AbortController().signal)).rejects.toMatchObject({
    code: 'REPORT_UNDELIVERED',
    retryAfterMs: 30_000,
  });
});

describe('results of commands', () => {
  test('are kept until they are delivered, whatever becomes of Rollbar', async () => {
    const { telemetry, state } = open();
    receiver.answers.push(...Array.from({ length: 50 }, () => ({ status: 503 })));
    configure(telemetry);
    telemetry.log.error(new AgentError('DISK_FULL'), 'state');
    const delivered: string[] = [];
    let failures = 3;
    telemetry.addResult('{"messageId":"m-1"}');
    expect(state!.outbox.size('command-result')).toBe(1);
    telemetry.deliverResultsBy(async (json) => {
      if (failures-- > 0) throw new AgentError('FLYNOTES_UNREACHABLE');
      delivered.push(json);
      return { outcome: 'delivered' };
    });
    await until(() => delivered.length === 1);
    await until(() => state!.outbox.size('command-result') === 0);
    expect(state!.outbox.size('rollbar')).toBe(1);
  });
});
