import { createVirtualClock, timesOf } from '@flynotes/testkit';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { AgentError, eventTable, type EventName } from '../runtime/index.ts';
import { factsOf, ownFramesOf } from './error-facts.ts';
import { checkFields } from './fields.ts';
import { createLog } from './log.ts';
import { createReports, type ReportKind } from './reports.ts';

const canary = 'Gwendolyn Okonkwo-Szymańska';
const canaryWords = /Gwendolyn|Okonkwo|Szyma|gwendolyn/;

function createTestLog() {
  const clock = createVirtualClock();
  const lines: string[] = [];
  const items: string[] = [];
  const reports = createReports();
  reports.attach({
    add: (_kind: ReportKind, json) => void items.push(json),
    next: () => [],
    delete: () => undefined,
  });
  const state = { works: true };
  const files = {
    write(line: string) {
      if (state.works) lines.push(line);
      return state.works;
    },
  };
  const log = createLog({ clock, files, reports, sender: () => ({ version: '1.2.3', practiceId: 'elm-street' }) });
  return { clock, log, lines, items, reports, state };
}

describe('fields', () => {
  test('what is declared and fits is kept, the rest is dropped and counted', () => {
    expect(
      checkFields('command.ended', {
        messageId: '6a1f-2',
        type: 'patient-sync',
        outcome: 'done',
        code: 'not a code',
        elapsedMs: 12.345678,
        patient: canary,
        __proto__: { polluted: true },
      }),
    ).toEqual({
      fields: { messageId: '6a1f-2', type: 'patient-sync', outcome: 'done', elapsedMs: 12.346 },
      dropped: 2,
    });
  });

  test.each([
    ['warning', { code: canary }],
    ['warning', { area: canary }],
    ['warning', { name: canary }],
    ['warning', { count: Number.NaN }],
    ['warning', { count: '3' }],
    ['scope.opened', { practiceId: canary }],
    ['agent.started', { version: canary, hostVersion: `1.2.3 ${canary}`, node: 'v24 x' }],
    ['error', { class: canary, frames: [canary], names: [canary], details: { [canary]: 1 } }],
    ['error', { frames: 'upload/pass.ts:1:2', details: { rows: canary }, names: ['a', canary] }],
    ['pass.completed', { rules: { 'email-split': '4' } }],
    ['agent.previous-run-crashed', { startedAt: canary }],
    ['command.questions', { texts: [{ canary }] }],
  ] as [EventName, Record<string, unknown>][])('%s keeps nothing of %j', (name, fields) => {
    expect(checkFields(name, fields)).toEqual({ fields: {}, dropped: Object.keys(fields).length });
  });

  test('no string with a space in it gets through any field but texts', () => {
    const names = Object.keys(eventTable) as EventName[];
    fc.assert(
      fc.property(fc.constantFrom(...names), fc.string(), fc.string(), (name, left, right) => {
        const given = Object.fromEntries(
          Object.keys(eventTable[name].fields)
            .filter((field) => field !== 'texts')
            .map((field) => [field, `${left} ${right}`]),
        );
        expect(checkFields(name, given).fields).toEqual({});
      }),
      { seed: 20_261_122, numRuns: timesOf(500, 10_000) },
    );
  });
});

describe('an error', () => {
  test('whose message, name, cause and properties hold a patient leaves none of it', () => {
    const { log, lines, items } = createTestLog();
    class QueryError extends Error {}
    const cause = new QueryError(`Cannot insert '${canary}'\n    at ${canary} (file:///x/src/gwendolyn.ts:1:2)`);
    cause.name = canary;
    Object.assign(cause, { code: canary, patient: canary, row: { surname: canary } });
    const errors: unknown[] = [
      new Error(canary, { cause }),
      cause,
      new AgentError('PRACTICE_QUERY_FAILED', {
        cause,
        details: { table: 'dbo.Patients', number: 208, value: canary },
      }),
      canary,
      { name: canary, message: canary },
      Object.assign(Object.create(null) as object, { message: canary }),
      new AggregateError([new Error(canary)], canary),
      new Proxy(new Error(canary), {
        get() {
          throw new Error(canary);
        },
      }),
      null,
      undefined,
    ];
    for (const error of errors) {
      log.error(error, 'upload');
      log.crash(error);
    }
    expect(lines).toHaveLength(2 * errors.length);
    expect(items).toHaveLength(2 * errors.length);
    expect(lines.join('\n')).not.toMatch(canaryWords);
    expect(items.join('\n')).not.toMatch(canaryWords);
    const query = JSON.parse(lines[4]!) as Record<string, unknown>;
    expect(query).toMatchObject({
      code: 'PRACTICE_QUERY_FAILED',
      class: 'QueryError',
      details: { number: 208 },
      names: ['table=dbo.Patients'],
    });
  });

  test('is told by code, class, own frames and system code', () => {
    const { log, lines, items } = createTestLog();
    const cause = Object.assign(new TypeError('fetch failed'), { code: 'ECONNREFUSED' });
    log.error(
      new AgentError('FLYNOTES_UNREACHABLE', { cause, details: { host: 'flynotes.example.com:443' } }),
      'licence',
    );
    const line = JSON.parse(lines[0]!) as { frames: string[] };
    expect(line).toMatchObject({
      level: 'error',
      event: 'error',
      code: 'FLYNOTES_UNREACHABLE',
      area: 'licence',
      class: 'TypeError',
      disposition: 'transient',
      names: ['host=flynotes.example.com:443', 'cause=ECONNREFUSED'],
    });
    expect(line.frames[0]).toMatch(/^telemetry\/log\.test\.ts:\d+:\d+$/);
    const item = JSON.parse(items[0]!) as { body: { trace: { frames: object[]; exception: object } } };
    expect(item.body.trace.exception).toEqual({ class: 'FLYNOTES_UNREACHABLE' });
    expect(item.body.trace.frames.at(-1)).toMatchObject({ filename: 'telemetry/log.test.ts' });
  });

  test('cannot pretend that its message is a frame, and causes may go round', () => {
    const root = 'file:///opt/agent/src/';
    const error = new Error(`x\n    at f (${root}upload/${canary.split(' ')[0]}.ts:1:2)`);
    error.stack = `Error: ${error.message}\n    at real (${root}upload/pass.ts:3:4)\n    at async other (file:///elsewhere/y.js:1:1)\n    at ${root}index.ts:9:9`;
    expect(ownFramesOf(error, root)).toEqual(['upload/pass.ts:3:4 real', 'index.ts:9:9']);
    error.stack = `Error: ${error.message}\n    at async Reader.page (${root}a.mjs:1:2)\n    at new Pass (${root}a.mjs:3:4)\n    at Object.<anonymous> (${root}a.mjs:5:6)\n    at a-b (${root}a.mjs:7:8)`;
    expect(ownFramesOf(error, root)).toEqual(['a.mjs:1:2 Reader.page', 'a.mjs:3:4', 'a.mjs:5:6', 'a.mjs:7:8']);
    const round = new Error('a');
    round.cause = round;
    expect(factsOf(round, 'upload').class).toBe('Error');
  });
});

describe('the log', () => {
  test('writes every event to disk, and from the set level on to the outbox', () => {
    const { log, lines, items, reports } = createTestLog();
    log.emit('queue.receiving', {});
    log.emit('agent.stopping', { reason: 'stopped' });
    log.emit('warning', { code: 'PRACTICE_WRITABLE', area: 'practice' });
    log.sendFrom('error');
    log.emit('warning', { code: 'PRACTICE_TLS_OLD', area: 'practice' });
    log.sendFrom(null);
    log.error(new AgentError('DISK_FULL'), 'state');
    log.sendFrom('debug');
    log.emit('queue.receiving', {});
    reports.persist();
    expect(lines).toHaveLength(6);
    expect(items.map((json) => (JSON.parse(json) as { title: string }).title)).toEqual([
      'agent.stopping',
      'warning PRACTICE_WRITABLE',
      'queue.receiving',
    ]);
    expect(JSON.parse(items[1]!)).toMatchObject({
      level: 'warning',
      code_version: '1.2.3',
      body: { message: { body: 'warning' } },
      custom: { event: 'warning', practice: 'elm-street', code: 'PRACTICE_WRITABLE', area: 'practice' },
    });
  });

  test('the same fault again and again is sent some times, and counted', async () => {
    const { clock, log, lines, items } = createTestLog();
    for (let count = 0; count < 500; count++) log.error(new AgentError('RECORD_INVALID'), 'upload');
    expect(lines).toHaveLength(500);
    expect(items).toHaveLength(20);
    expect(log.takeDropped()).toEqual({ lines: 0, fields: 0, repeated: 480 });
    await clock.advance(600_000);
    log.error(new AgentError('RECORD_INVALID'), 'upload');
    expect(items).toHaveLength(21);
  });

  test('a disk that takes nothing is counted and never thrown', () => {
    const { log, state, items } = createTestLog();
    state.works = false;
    log.emit('agent.stopping', { reason: 'a reason with spaces' as 'stopped' });
    log.error(new AgentError('DISK_FULL'), 'state');
    expect(log.takeDropped()).toEqual({ lines: 2, fields: 1, repeated: 0 });
    expect(log.takeDropped()).toEqual({ lines: 0, fields: 0, repeated: 0 });
    expect(items).toHaveLength(2);
  });
});
