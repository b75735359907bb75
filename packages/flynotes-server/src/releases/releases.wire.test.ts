/* oxlint-disable typescript/no-unsafe-member-access -- answers of every shape are looked into */
import { createHash, generateKeyPairSync } from 'node:crypto';
import { openEnvelope, pinnedKeyOf, signEnvelope, type SignedEnvelope } from '@flynotes/carestream-server/api';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { FlynotesServer } from '../index.ts';
import {
  addPractice,
  databaseKinds,
  databaseSource,
  operatorToken,
  send,
  startQueues,
  startServer,
} from '../testing/server-under-test.ts';

const key = generateKeyPairSync('ed25519').privateKey;
const stranger = generateKeyPairSync('ed25519').privateKey;
const sha512 = (bytes: Uint8Array) => createHash('sha512').update(bytes).digest('hex');

function releaseOf(version: string, { by = key, changes = {}, text = '' } = {}) {
  const tarball = Buffer.from(`the tarball of ${version}${text}`);
  const manifest = {
    name: '@flynotes/carestream-server',
    version,
    tarball: { sha512: sha512(tarball), sizeBytes: tarball.length },
    files: { 'package.json': sha512(Buffer.from('{}')) },
    node: '24.0.0',
    hostMin: '0.1.0',
    stateSchema: 1,
    ...changes,
  };
  return {
    tarball,
    sha512: sha512(tarball),
    envelope: signEnvelope(Buffer.from(JSON.stringify(manifest)), 'releaseManifest', by),
  };
}
const nonce = 'nonce-0123456789abcdef';
const licenceRequest = {
  nonce,
  version: '0.1.0',
  hostVersion: '0.1.0',
  platform: 'linux-x64',
  canonicalVersions: [1],
  stateSchema: 1,
};

describe.each(databaseKinds)('releases on %s', (kind) => {
  const source = databaseSource(kind);
  const queues = startQueues();
  let server: FlynotesServer;
  const operator = (method: string, path: string, json?: unknown) =>
    send(`${server.url}/v1/operator${path}`, { method, token: operatorToken, json });
  const putTarball = (version: string, bytes: Uint8Array) =>
    send(`${server.url}/v1/operator/releases/${version}/tarball`, {
      method: 'PUT',
      token: operatorToken,
      headers: { 'content-type': 'application/octet-stream' },
      body: Buffer.from(bytes),
    });
  const directiveOf = (body: { directive: SignedEnvelope }) => {
    const { keyId, publicKey: spki } = server.signingKey;
    const opened = openEnvelope(body.directive, 'directive', [{ keyId, spki }]);
    if (opened.outcome !== 'verified') throw new Error(opened.fault);
    return JSON.parse(opened.payload.toString('utf8')) as Record<string, unknown>;
  };

  beforeAll(async () => {
    const database = await source.fresh();
    if (database === null) return;
    server = await startServer({
      database,
      queue: (await queues).options,
      version: '1.0.0',
      releaseKeys: [pinnedKeyOf(key)],
    });
  });
  afterAll(async () => {
    await server?.close();
    await (await queues)[Symbol.asyncDispose]();
    await source[Symbol.asyncDispose]();
  });

  test('what is added is listed, and given to agents with a directive whose every field is right', async (context) => {
    if (server === undefined) return context.skip();
    const release = releaseOf('1.0.0');
    expect(await operator('POST', '/releases', release.envelope)).toMatchObject({
      status: 200,
      body: { version: '1.0.0', sha512: release.sha512, hasTarball: false, keyId: release.envelope.keyId, files: 1 },
    });
    const practice = await addPractice(server, `Fields ${kind}`);
    const before = Date.now();
    const { body } = await practice.agent('POST', '/v1/licence', licenceRequest);
    expect(body.releaseManifest).toEqual(release.envelope);
    expect(body.releaseUrl).toBeUndefined();
    const directive = directiveOf(body);
    expect(directive).toEqual({
      practice: practice.id,
      nonce,
      sequence: directive['sequence'],
      version: '1.0.0',
      releaseSha512: release.sha512,
      attempt: 1,
      floor: '0.0.0',
      expiresAt: directive['expiresAt'],
    });
    const validMs = Date.parse(String(directive['expiresAt'])) - before;
    expect(validMs).toBeGreaterThanOrEqual(36 * 3_600_000);
    expect(validMs).toBeLessThan(36 * 3_600_000 + 60_000);
    // As many as the clock has seconds: a database restored from a backup goes on above what agents have seen.
    const sequence = Number(directive['sequence']);
    expect(sequence).toBeGreaterThanOrEqual(Math.floor(before / 1_000) - 1);
    const next = async () =>
      Number(directiveOf((await practice.agent('POST', '/v1/licence', licenceRequest)).body)['sequence']);
    const second = await next();
    expect(second).toBeGreaterThan(sequence);
    await server.database.query('update practices set directive_sequence = directive_sequence + 1000000');
    expect(await next()).toBeGreaterThanOrEqual(second + 1_000_000);
  });

  test('a tarball that is kept here is told by its address, and given to who bears a licence key', async (context) => {
    if (server === undefined) return context.skip();
    const release = releaseOf('1.0.0');
    await operator('POST', '/releases', release.envelope);
    expect(await putTarball('1.0.0', Buffer.from('other bytes'))).toMatchObject({ status: 400 });
    expect(await putTarball('4.0.4', release.tarball)).toMatchObject({ status: 404 });
    expect(await putTarball('1.0.0', release.tarball)).toMatchObject({ status: 200, body: { hasTarball: true } });
    const practice = await addPractice(server, `Tarball ${kind}`);
    const { body } = await practice.agent('POST', '/v1/licence', licenceRequest);
    expect(body.releaseUrl).toBe(`${server.url}/v1/releases/${release.sha512}/tarball`);
    const fetched = await fetch(body.releaseUrl, { headers: { authorization: `Bearer ${practice.licenceKey}` } });
    expect(Buffer.from(await fetched.arrayBuffer()).equals(release.tarball)).toBe(true);
    expect((await fetch(body.releaseUrl)).status).toBe(401);
    const unknown = `${server.url}/v1/releases/${'0'.repeat(128)}/tarball`;
    expect((await send(unknown, { token: practice.licenceKey })).status).toBe(404);
  });

  test('what is not genuine, or another release under a version that is there, is not added', async (context) => {
    if (server === undefined) return context.skip();
    expect(await operator('POST', '/releases', releaseOf('1.0.1', { by: stranger }).envelope)).toMatchObject({
      status: 403,
    });
    const forged = { ...releaseOf('1.0.1', { by: stranger }).envelope, keyId: pinnedKeyOf(key).keyId };
    expect(await operator('POST', '/releases', forged)).toMatchObject({ status: 403 });
    const other = releaseOf('1.0.1', { changes: { name: '@flynotes/something-else' } });
    expect(await operator('POST', '/releases', other.envelope)).toMatchObject({ status: 400 });
    expect(await operator('POST', '/releases', { payload: 'x' })).toMatchObject({ status: 400 });
    await operator('POST', '/releases', releaseOf('1.0.2').envelope);
    expect(await operator('POST', '/releases', releaseOf('1.0.2').envelope)).toMatchObject({ status: 200 });
    expect(await operator('POST', '/releases', releaseOf('1.0.2', { text: '!' }).envelope)).toMatchObject({
      status: 409,
    });
    const { body } = await operator('GET', '/releases');
    const versions = (body.releases as { version: string }[]).map((each) => each.version);
    expect(versions).toContain('1.0.2');
    expect(versions).not.toContain('1.0.1');
  });

  test('a pin goes before the canary list, and that before what is installed', async (context) => {
    if (server === undefined) return context.skip();
    const [canary, other] = [await addPractice(server, `Canary ${kind}`), await addPractice(server, `Other ${kind}`)];
    const dictated = async (practice: typeof canary) =>
      directiveOf((await practice.agent('POST', '/v1/licence', licenceRequest)).body)['version'];
    expect(await canary.operator('PUT', '/canary', { canary: true })).toMatchObject({ body: { canary: true } });
    await operator('PUT', '/rollout/canary-version', { version: '1.1.0' });
    expect([await dictated(canary), await dictated(other)]).toEqual(['1.1.0', '1.0.0']);
    expect((await canary.operator('GET', '')).body).toMatchObject({ dictatedVersion: '1.1.0', attempt: 1 });
    await canary.operator('PUT', '/version', { version: '1.0.2' });
    expect(await dictated(canary)).toBe('1.0.2');
    await canary.operator('PUT', '/version', { version: null });
    await operator('PUT', '/rollout/canary-version', { version: null });
    expect(await dictated(canary)).toBe('1.0.0');
    expect(await canary.operator('POST', '/update-attempt')).toMatchObject({ body: { attempt: 2 } });
    expect(directiveOf((await canary.agent('POST', '/v1/licence', licenceRequest)).body)).toMatchObject({ attempt: 2 });
  });

  test('the floor rises, reaches every directive, and stops no version that is dictated', async (context) => {
    if (server === undefined) return context.skip();
    const practice = await addPractice(server, `Floor ${kind}`);
    expect(await operator('PUT', '/rollout/floor', { version: '1.0.1' })).toMatchObject({ status: 400 });
    expect(await operator('PUT', '/rollout/floor', { version: '0.9.0' })).toMatchObject({ body: { floor: '0.9.0' } });
    expect(await operator('PUT', '/rollout/floor', { version: '0.8.0' })).toMatchObject({ status: 400 });
    expect(await practice.operator('PUT', '/version', { version: '0.8.9' })).toMatchObject({ status: 400 });
    expect(directiveOf((await practice.agent('POST', '/v1/licence', licenceRequest)).body)).toMatchObject({
      floor: '0.9.0',
    });
  });

  test('heartbeats tell what runs where, and what was undone and why', async (context) => {
    if (server === undefined) return context.skip();
    const practice = await addPractice(server, `Rollout ${kind}`);
    const bad = releaseOf('1.3.0');
    await operator('POST', '/releases', bad.envelope);
    const update = {
      dictated: '1.3.0',
      state: 'refused',
      code: 'UPDATE_QUARANTINED',
      running: '1.0.0-0a1b2c3d',
      role: 'stable',
      candidate: null,
      previous: null,
      quarantined: [{ releaseSha512: bad.sha512, attempt: 1, reason: 'crashed: exit 1, TypeError at agent.mjs:15' }],
    };
    const at = new Date().toISOString();
    const heartbeat = {
      at,
      version: '1.0.0',
      hostVersion: '0.1.0',
      startedAt: at,
      uptimeMs: 1,
      lastEqualAt: null,
      lastPass: null,
      queue: { lastReceiveAt: null, lagMs: null, inFlight: 0 },
      memory: { rssBytes: 1, heapUsedBytes: 1 },
      schemaFingerprint: null,
      warnings: [],
      update,
    };
    expect(await practice.agent('POST', '/v1/heartbeats', heartbeat)).toMatchObject({ status: 200 });
    const { body } = await operator('GET', '/rollout');
    expect((body.practices as { id: string }[]).find(({ id }) => id === practice.id)).toMatchObject({
      running: '1.0.0',
      hostVersion: '0.1.0',
      dictated: '1.0.0',
      update,
    });
    expect(body.undone).toEqual([
      { releaseSha512: bad.sha512, version: '1.3.0', practices: 1, reasons: [update.quarantined[0]!.reason] },
    ]);
    expect(body.running).toEqual([{ version: '1.0.0', practices: 1 }]);
  });
});
