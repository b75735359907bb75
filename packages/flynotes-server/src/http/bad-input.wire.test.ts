// oxlint-disable typescript/no-unsafe-member-access -- answers of every shape are looked into
import { connect } from 'node:net';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { errorTable, problemSchema } from '@flynotes/carestream-server/api';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { FlynotesServer, RequestLine } from '../index.ts';
import { samplePatients } from '../testing/sample-patients.ts';
import { addPractice, operatorToken, send, startServer } from '../testing/server-under-test.ts';
import type { Answer, PracticeUnderTest } from '../testing/server-under-test.ts';

const mebibyte = 1024 * 1024;

describe('bad input', () => {
  let server: FlynotesServer;
  let practice: PracticeUnderTest;
  const lines: RequestLine[] = [];

  beforeAll(async () => {
    server = await startServer({ log: (line) => lines.push(line), agentVersionLeast: '0.0.5' });
    practice = await addPractice(server);
  });
  afterAll(() => server.close());

  const isProblem = (answer: Answer, status: number, code: string): void => {
    expect(answer.status).toBe(status);
    expect(answer.type).toBe('application/problem+json');
    const problem = problemSchema.parse(answer.body);
    expect(problem).toMatchObject({ status, code });
    expect(Object.keys(errorTable)).toContain(problem.code);
  };
  const post = (path: string, body: string | Uint8Array<ArrayBuffer>, headers: Record<string, string> = {}) =>
    send(server.url + path, {
      method: 'POST',
      token: practice.licenceKey,
      headers: { 'content-type': 'application/json', ...headers },
      body,
    });

  it('answers what does not exist', async () => {
    isProblem(await send(`${server.url}/nothing`), 404, 'NOT_FOUND');
    isProblem(await send(`${server.url}/v1/licence`, { method: 'GET', token: practice.licenceKey }), 404, 'NOT_FOUND');
    isProblem(
      await practice.agent('POST', '/v1/bulk-passes/none/batches', { n: 0, round: 0, patients: [], removals: [] }),
      404,
      'PASS_UNKNOWN',
    );
    isProblem(
      await practice.agent('POST', '/v1/bulk-passes/none/complete', { patients: 0, root: '0'.repeat(32), round: 0 }),
      404,
      'PASS_UNKNOWN',
    );
    isProblem(await practice.operator('GET', '/patients/1'), 404, 'NOT_FOUND');
    isProblem(await practice.operator('GET', '/patients/9999999999'), 404, 'NOT_FOUND');
    isProblem(await send(`${server.url}/v1/operator/practices/none`, { token: operatorToken }), 404, 'NOT_FOUND');
  });

  it('tells apart a missing, an unknown and a suspended licence', async () => {
    const path = `${server.url}/v1/bulk-passes`;
    const json = { reason: 'scheduled' };
    isProblem(await send(path, { method: 'POST', json }), 401, 'AUTHORIZATION_MISSING');
    isProblem(
      await send(path, { method: 'POST', json, headers: { authorization: 'Basic abc' } }),
      401,
      'AUTHORIZATION_MISSING',
    );
    isProblem(await send(path, { method: 'POST', json, token: `${practice.licenceKey}x` }), 401, 'LICENCE_UNKNOWN');
    isProblem(await send(path, { method: 'POST', json, token: operatorToken }), 401, 'LICENCE_UNKNOWN');
    const other = await addPractice(server, 'Suspended');
    await other.operator('POST', '/suspend');
    isProblem(await other.agent('POST', '/v1/bulk-passes', json), 403, 'LICENCE_SUSPENDED');
    await other.operator('POST', '/resume');
    expect((await other.agent('POST', '/v1/bulk-passes', json)).status).toBe(200);
    const { body } = await other.operator('POST', '/licence-key');
    isProblem(await other.agent('POST', '/v1/bulk-passes', json), 401, 'LICENCE_UNKNOWN');
    expect((await send(path, { method: 'POST', json, token: body.licenceKey })).status).toBe(200);
  });

  it('speaks to no agent that is too old, in version or canonical form', async () => {
    const request = {
      nonce: 'n'.repeat(16),
      version: '0.0.5-beta',
      hostVersion: null,
      platform: 'x',
      canonicalVersions: [1],
      stateSchema: 1,
    };
    isProblem(await practice.agent('POST', '/v1/licence', request), 426, 'AGENT_TOO_OLD');
    isProblem(
      await practice.agent('POST', '/v1/licence', { ...request, version: '0.0.5', canonicalVersions: [99] }),
      426,
      'AGENT_TOO_OLD',
    );
    // New enough, and then there is no queue on this server.
    isProblem(await practice.agent('POST', '/v1/licence', { ...request, version: '0.0.5' }), 503, 'QUEUE_MISSING');
  });

  it('keeps operators and agents apart', async () => {
    const path = `${server.url}/v1/operator/practices`;
    isProblem(await send(path), 401, 'AUTHORIZATION_MISSING');
    isProblem(await send(path, { token: practice.licenceKey }), 401, 'OPERATOR_TOKEN_WRONG');
    // A token is never taken from an address.
    isProblem(await send(`${path}?token=${operatorToken}`), 401, 'AUTHORIZATION_MISSING');
    isProblem(await send(`${server.url}/v1/operator/events?token=${operatorToken}`), 401, 'AUTHORIZATION_MISSING');
  });

  it('names the fields that do not fit, never values', async () => {
    const answer = await practice.agent('POST', '/v1/command-results', {
      messageId: 'SECRET'.repeat(50),
      type: 'test',
      outcome: 'SECRET',
      at: 'SECRET',
      legs: {},
      figures: { ['SECRET'.repeat(10)]: 1 },
    });
    isProblem(answer, 400, 'REQUEST_INVALID');
    expect(answer.body.fields).toEqual(expect.arrayContaining(['messageId', 'outcome', 'at']));
    expect(JSON.stringify(answer.body)).not.toContain('SECRET');
    isProblem(await practice.agent('POST', '/v1/bulk-passes', {}), 400, 'REQUEST_INVALID');
    isProblem(await practice.agent('PUT', '/v1/patients/0', {}), 400, 'REQUEST_INVALID');
    isProblem(await practice.agent('PUT', '/v1/patients/abc', {}), 400, 'REQUEST_INVALID');
    isProblem(await practice.agent('PUT', '/v1/patients/2147483648', {}), 400, 'REQUEST_INVALID');
  });

  it('reads JSON in UTF-8 alone', async () => {
    isProblem(await post('/v1/bulk-passes', '{"reason": '), 400, 'REQUEST_INVALID');
    isProblem(await post('/v1/bulk-passes', ''), 400, 'REQUEST_INVALID');
    isProblem(await post('/v1/bulk-passes', Buffer.from([0x22, 0xc3, 0x28, 0x22])), 400, 'REQUEST_INVALID');
    isProblem(await post('/v1/bulk-passes', '['.repeat(100_000)), 400, 'REQUEST_INVALID');
    isProblem(await post('/v1/bulk-passes', '{}', { 'content-type': 'text/plain' }), 415, 'REQUEST_INVALID');
    isProblem(await post('/v1/bulk-passes', '\u{feff}{"reason": "requested"}{'), 400, 'REQUEST_INVALID');
    expect((await post('/v1/bulk-passes', '\u{feff}{"reason": "requested"}')).status).toBe(200);
  });

  it('reads gzip and zstd, and refuses what is neither', async () => {
    const passId = (await practice.agent('POST', '/v1/bulk-passes', { reason: 'scheduled' })).body.passId as string;
    const path = `/v1/bulk-passes/${passId}/batches`;
    const batch = (n: number) =>
      JSON.stringify({
        n,
        round: 0,
        patients: samplePatients(n * 100 + 1, 100).map((basics) => ({ readSequence: 1, basics })),
        removals: [],
      });
    const zstd = await post(path, zstdCompressSync(batch(0)), { 'content-encoding': 'zstd' });
    expect(zstd.body).toMatchObject({ changed: 100 });
    expect((await post(path, gzipSync(batch(1)), { 'content-encoding': 'gzip' })).body).toMatchObject({ changed: 100 });
    // The content counts, not its coding.
    expect((await post(path, gzipSync(batch(0)), { 'content-encoding': 'gzip' })).body).toEqual(zstd.body);
    isProblem(await post(path, batch(2), { 'content-encoding': 'zstd' }), 400, 'REQUEST_INVALID');
    isProblem(
      await post(path, gzipSync(batch(2)).subarray(0, 200), { 'content-encoding': 'gzip' }),
      400,
      'REQUEST_INVALID',
    );
    isProblem(await post(path, batch(2), { 'content-encoding': 'rot13' }), 415, 'REQUEST_INVALID');
    isProblem(await post(path, batch(2), { 'idempotency-key': `${passId}:9:abc` }), 400, 'REQUEST_INVALID');
    expect((await post(path, batch(2), { 'idempotency-key': `${passId}:2:abc` })).status).toBe(200);
  });

  it.each(['zstd', 'gzip'] as const)('ends a %s bomb early and in little memory', async (coding) => {
    const passId = (await practice.agent('POST', '/v1/bulk-passes', { reason: 'scheduled' })).body.passId as string;
    const plain = Buffer.alloc(256 * mebibyte, ' ');
    const bomb = coding === 'zstd' ? zstdCompressSync(plain) : gzipSync(plain, { level: 1 });
    const before = process.memoryUsage().rss;
    const answer = await post(`/v1/bulk-passes/${passId}/batches`, bomb, { 'content-encoding': coding });
    isProblem(answer, 413, 'REQUEST_TOO_LARGE');
    expect(process.memoryUsage().rss - before).toBeLessThan(150 * mebibyte);
  });

  it('bounds bodies, batches and queries', async () => {
    isProblem(await post('/v1/bulk-passes', JSON.stringify({ reason: 'x'.repeat(300_000) })), 413, 'REQUEST_TOO_LARGE');
    isProblem(await post('/v1/bulk-passes', Buffer.alloc(48 * mebibyte, ' ')), 413, 'REQUEST_TOO_LARGE');
    const passId = (await practice.agent('POST', '/v1/bulk-passes', { reason: 'scheduled' })).body.passId as string;
    const rows = (count: number) => Array.from({ length: count }, () => ({}));
    const path = `/v1/bulk-passes/${passId}/batches`;
    isProblem(
      await practice.agent('POST', path, { n: 50, round: 0, patients: rows(1_001), removals: [] }),
      400,
      'REQUEST_INVALID',
    );
    isProblem(
      await practice.agent('POST', path, { n: 50, round: 0, patients: rows(600), removals: rows(600) }),
      400,
      'REQUEST_INVALID',
    );
    isProblem(await practice.operator('GET', '/patients?limit=501'), 400, 'REQUEST_INVALID');
    isProblem(await practice.operator('GET', '/patients?search=%00'), 400, 'REQUEST_INVALID');
    isProblem(await send(`${server.url}/v1/%zz`), 400, 'REQUEST_INVALID');
  });

  it('answers what is not HTTP', async () => {
    const answer = await new Promise<string>((resolve, reject) => {
      let text = '';
      const socket = connect(server.port, '127.0.0.1', () => socket.write('NONSENSE\r\n\r\n'));
      socket.on('data', (chunk) => (text += chunk.toString()));
      socket.on('end', () => resolve(text));
      socket.on('error', reject);
    });
    expect(answer).toContain('400 Bad Request');
    expect(answer).toContain('"code":"REQUEST_INVALID"');
  });

  it('says that the database is away, and nothing of why', async () => {
    const lost = await startServer({ log: (line) => lines.push(line) });
    const of = await addPractice(lost);
    await lost.database.query('alter table passes rename to passes_gone');
    isProblem(await of.agent('POST', '/v1/bulk-passes', { reason: 'scheduled' }), 500, 'SERVER_INTERNAL');
    await lost.close();
    const failed = lines.findLast(({ failure }) => failure !== undefined);
    expect(failed).toMatchObject({
      route: '/v1/bulk-passes',
      status: 500,
      code: 'SERVER_INTERNAL',
      failure: { code: '42P01' },
    });
    expect(JSON.stringify(failed)).not.toContain('passes_gone');
  });

  it('writes no address, key or content into its log lines', () => {
    const text = JSON.stringify(lines);
    expect(text).not.toContain(practice.id);
    expect(text).not.toContain('fln_');
    expect(text).not.toContain('SECRET');
    expect(lines.length).toBeGreaterThan(20);
  });
});
