import { describe, expect, it } from 'vitest';
import { messageSchema, serializeMessage, type MessageInput, type PassFigures } from '../contract/index.ts';
import { AgentError, type EventFields, type EventName } from '../runtime/index.ts';
import { createCommands, type CommandsDeps } from './index.ts';
import { partLimits, partsOf } from './questionnaire-texts.ts';

const pass: PassFigures = {
  passId: 'pass-1',
  reason: 'requested',
  outcome: 'equal',
  startedAt: '2026-01-05T08:00:00Z',
  endedAt: '2026-01-05T08:01:00Z',
  rows: 10,
  pages: 1,
  patients: 9,
  sent: 3,
  changed: 2,
  removed: 1,
  refusedByAgent: {},
  refusedByServer: {},
  rules: {},
  readMs: 5,
  pausedMs: 0,
};

function createBench(deps: Partial<CommandsDeps> = {}) {
  const order: string[] = [];
  const events: { name: EventName; fields: EventFields<'command.questions'> }[] = [];
  const handle = createCommands({
    version: '1.2.3',
    reporter: { require: (name, fields) => events.push({ name, fields }) > 0 },
    bulkUploads: { request: async () => pass },
    patientUploads: { sync: async () => ({ outcome: 'done', legs: { readMs: 1 } }) },
    questionnaires: () => ({ readQuestions: async () => [], readPresetAnswers: async () => [] }),
    requestRestart: () => void order.push('restart'),
    ...deps,
  });
  const context = { messageId: 'm-1', receiveCount: 1, acknowledge: async () => void order.push('acknowledge') };
  const run = (input: MessageInput, signal = new AbortController().signal) =>
    handle(messageSchema.parse(JSON.parse(serializeMessage(input))), context, signal);
  return { run, events, order };
}

describe('commands', () => {
  it('patient-sync passes on who asked, and how it ended', async () => {
    const requests: unknown[] = [];
    const bench = createBench({
      patientUploads: {
        sync: async (request) => (requests.push(request), { outcome: 'not-found', legs: { readMs: 2 } }),
      },
    });
    const requestedAt = '2026-01-05T08:00:00.000Z';
    expect(await bench.run({ type: 'patient-sync', patientCode: 5, requestedAt })).toEqual({
      outcome: 'not-found',
      legs: { readMs: 2 },
    });
    expect(requests).toEqual([{ patientCode: 5, messageId: 'm-1', requestedAt }]);
  });

  it('bulk-upload-patients tells the figures of its pass', async () => {
    expect(await createBench().run({ type: 'bulk-upload-patients' })).toEqual({
      outcome: 'done',
      figures: { passId: 'pass-1', rows: 10, patients: 9, sent: 3, changed: 2, removed: 1 },
    });
  });

  it.each([
    ['PARITY_FAILED', 'PARITY_FAILED'],
    ['A_CODE_OF_TOMORROW', 'COMMAND_FAILED'],
    [undefined, 'COMMAND_FAILED'],
  ])('a pass that failed with %s is a failure', async (code, expected) => {
    const failed: PassFigures = { ...pass, passId: null, outcome: 'failed', ...(code ? { code } : {}) };
    const outcome = await createBench({ bulkUploads: { request: async () => failed } }).run({
      type: 'bulk-upload-patients',
    });
    expect(outcome).toMatchObject({ outcome: 'failed', code: expected });
    expect(outcome.figures).not.toHaveProperty('passId');
  });

  it('hands its signal on', async () => {
    const signals: AbortSignal[] = [];
    const bench = createBench({ bulkUploads: { request: async (_reason, signal) => (signals.push(signal), pass) } });
    const { signal } = new AbortController();
    await bench.run({ type: 'bulk-upload-patients' }, signal);
    expect(signals).toEqual([signal]);
  });

  it('restart acknowledges first', async () => {
    const bench = createBench();
    expect(await bench.run({ type: 'restart' })).toEqual({ outcome: 'done' });
    expect(bench.order).toEqual(['acknowledge', 'restart']);
  });

  it('test logs its event', async () => {
    const bench = createBench();
    expect(await bench.run({ type: 'test' })).toEqual({ outcome: 'done' });
    expect(bench.events).toEqual([{ name: 'command.test', fields: { messageId: 'm-1', version: '1.2.3' } }]);
  });

  it('questions are logged in parts, each text once', async () => {
    const texts = Array.from({ length: 120 }, (_, index) => `Question ${index}?`);
    const bench = createBench({
      questionnaires: () => ({ readQuestions: async () => [...texts, ...texts], readPresetAnswers: async () => [] }),
    });
    expect(await bench.run({ type: 'questionnaire-questions-upload' })).toEqual({
      outcome: 'done',
      figures: { items: 3, texts: 120 },
    });
    expect(bench.events.map(({ name, fields }) => [name, fields.part, fields.parts])).toEqual([
      ['command.questions', 1, 3],
      ['command.questions', 2, 3],
      ['command.questions', 3, 3],
    ]);
    expect(bench.events.flatMap(({ fields }) => fields.texts ?? [])).toEqual(texts);
  });

  it('preset answers likewise; none at all is told too', async () => {
    const bench = createBench();
    expect(await bench.run({ type: 'questionnaire-answers-upload' })).toEqual({
      outcome: 'done',
      figures: { items: 1, texts: 0 },
    });
    expect(bench.events).toMatchObject([{ name: 'command.preset-answers', fields: { part: 1, parts: 1, texts: [] } }]);
  });

  it.each([
    ['questionnaire-answers-upload', 'QUESTIONNAIRE_PRESETS_UNKNOWN'],
    ['questionnaire-questions-upload', 'QUESTIONNAIRE_QUESTIONS_UNKNOWN'],
  ] as const)('%s is rejected with %s, and nothing is sent', async (type, code) => {
    const refuse = async () => {
      throw new AgentError(code);
    };
    const bench = createBench({ questionnaires: () => ({ readQuestions: refuse, readPresetAnswers: refuse }) });
    expect(await bench.run({ type })).toEqual({ outcome: 'rejected', code });
    expect(bench.events).toEqual([]);
  });

  it('other failures are failures', async () => {
    const bench = createBench({
      questionnaires: () => {
        throw new AgentError('PRACTICE_UNREACHABLE');
      },
    });
    await expect(bench.run({ type: 'questionnaire-questions-upload' })).rejects.toMatchObject({
      code: 'PRACTICE_UNREACHABLE',
    });
  });
});

describe('parts', () => {
  it('hold no more texts and bytes than an item should, and lose nothing', () => {
    const texts = Array.from({ length: 300 }, (_, index) => `${index} ${'é'.repeat((index * 97) % 3_900)}`);
    const parts = partsOf(texts);
    expect(parts.flat()).toEqual(texts);
    for (const part of parts) {
      expect(part.length).toBeLessThanOrEqual(partLimits.textsMost);
      expect(Buffer.byteLength(JSON.stringify(part))).toBeLessThanOrEqual(partLimits.bytesMost + 2);
    }
  });

  it('cut a text that is far too long, between characters', () => {
    const [[text = ''] = []] = partsOf([`${'x'.repeat(partLimits.textCharactersMost - 1)}😀`]);
    expect(text.isWellFormed()).toBe(true);
    expect(text.length).toBeLessThanOrEqual(partLimits.textCharactersMost);
  });

  it.each(['test', 'questionnaire-questions-upload', 'questionnaire-answers-upload'] as const)(
    '%s: what cannot be stored is a failure that may pass, so that the message comes back',
    async (type) => {
      let tries = 0;
      const bench = createBench({ reporter: { require: () => ((tries += 1), false) } });
      await expect(bench.run({ type })).rejects.toMatchObject({
        code: 'REPORT_UNDELIVERED',
        disposition: 'transient',
      });
      expect(tries).toBe(1);
    },
  );
});
