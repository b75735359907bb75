import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createRollbarSink, type RollbarSink } from './index.ts';

let sink: RollbarSink;
beforeAll(async () => {
  sink = await createRollbarSink({ keepMost: 3 });
});
afterAll(() => sink.close());

const message = (text: string, more: object = {}) => ({
  data: { environment: 'sandbox', level: 'info', body: { message: { body: text } }, ...more },
});

async function post(
  body: unknown,
  token = sink.accessToken,
): Promise<{ status: number; answer: unknown; headers: Headers }> {
  const response = await fetch(`${sink.endpoint}/api/1/item/`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-rollbar-access-token': token },
    body: typeof body === 'string' || body instanceof Uint8Array ? body : JSON.stringify(body),
  });
  return { status: response.status, answer: await response.json(), headers: response.headers };
}

describe('the Rollbar sink', () => {
  it('takes a message and answers with its uuid', async () => {
    const uuid = '0f0e0d0c-0b0a-4999-8888-777766665555';
    const { status, answer } = await post(message('hello', { uuid }));
    expect(status).toBe(200);
    expect(answer).toEqual({ err: 0, result: { id: null, uuid } });
    expect(sink.items().at(-1)?.data).toMatchObject({ environment: 'sandbox', body: { message: { body: 'hello' } } });
  });

  it('takes a trace', async () => {
    const trace = { frames: [{ filename: 'a.ts', lineno: 3 }], exception: { class: 'QUEUE_MISSING' } };
    expect((await post({ data: { environment: 'sandbox', body: { trace } } })).status).toBe(200);
  });

  it.each([
    ['no JSON', '{', 400],
    ['bytes that are no UTF-8', Uint8Array.of(0x7b, 0x22, 0xff, 0x22, 0x7d), 400],
    ['no data', {}, 400],
    ['no environment', { data: { body: { message: { body: 'x' } } } }, 422],
    ['no body', { data: { environment: 'x' } }, 422],
    ['two bodies', { data: { environment: 'x', body: { message: { body: 'x' }, crash_report: { raw: 'x' } } } }, 422],
    ['a trace without class', { data: { environment: 'x', body: { trace: { frames: [], exception: {} } } } }, 422],
    ['a level that does not exist', message('x', { level: 'loud' }), 422],
    ['a title that is too long', message('x', { title: 'x'.repeat(256) }), 422],
    ['more than a megabyte', message('x'.repeat(1_100_000)), 413],
  ])('refuses %s', async (_what, body, status) => {
    const before = sink.count();
    const { status: got, answer } = await post(body);
    expect(got).toBe(status);
    expect(answer).toMatchObject({ err: 1, message: expect.any(String) });
    expect(sink.count()).toBe(before);
  });

  it('refuses another token', async () => {
    expect((await post(message('x'), 'another')).status).toBe(401);
    expect((await post(message('x'), '')).status).toBe(401);
  });

  it('fails on demand, as often as told', async () => {
    sink.fail(2, 429);
    const first = await post(message('x'));
    expect(first.status).toBe(429);
    expect(first.headers.get('x-rate-limit-remaining-seconds')).toBe('1');
    expect((await post(message('x'))).status).toBe(429);
    expect((await post(message('x'))).status).toBe(200);
    sink.fail(1, 0);
    await expect(post(message('x'))).rejects.toThrow(TypeError);
    expect((await post(message('x'))).status).toBe(200);
  });

  it('keeps the newest items, counts all, and lists those after a number', async () => {
    for (const text of ['one', 'two', 'three', 'four']) await post(message(text));
    expect(sink.items()).toHaveLength(3);
    const last = sink.items().at(-1)?.sequence ?? 0;
    expect(last).toBe(sink.count());
    const listed = (await (await fetch(`${sink.endpoint}/items?after=${last - 1}`)).json()) as {
      items: unknown[];
      bytes: number;
    };
    expect(listed.items).toHaveLength(1);
    expect(listed.bytes).toBe(sink.bytes());
    expect(Buffer.concat(sink.rawBodies()).toString()).toContain('four');
  });

  it('streams items as they come', async () => {
    const response = await fetch(`${sink.endpoint}/events`);
    const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
    let text = '';
    await post(message('streamed'));
    while (!text.includes('streamed')) text += (await reader?.read())?.value ?? '';
    expect(text).toMatch(/id: \d+\nevent: item\ndata: \{/);
    await reader?.cancel();
  });
});
