import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { hostFiles, openEnvelope, releaseFolderOf, stagedFileSchema } from '@flynotes/carestream-server/api';
import { createRegistry, type Registry } from '@flynotes/sandbox/registry';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { createReleaseKit, type MadeRelease, type ReleaseKit } from '../../packages/sandbox/src/updates/release-kit.ts';
import { createRig, eventually, type Rig } from './rig.ts';

/** Versions that arrive while the agent has something else to do. The agent is the bundle, in processes of its own. */
let kit: ReleaseKit;
let folder: string;
let registry: Registry;
let rig: Rig;

beforeAll(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'carestream-update-kit-'));
  kit = await createReleaseKit(folder);
  registry = await createRegistry();
}, 120_000);
afterAll(async () => {
  await registry[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true });
});
beforeEach(async () => {
  rig = await createRig({ patients: 4_000 }, { registry: { url: registry.url, token: registry.tokens.agent } });
});
afterEach(() => rig[Symbol.asyncDispose]());

const agentOf = (dataDir: string, { version, manifest }: MadeRelease): string =>
  path.join(dataDir, hostFiles.versions, releaseFolderOf(version, manifest.tarball.sha512), hostFiles.agentEntry);

/** Lays a release down as an installer does, with keys that trust this rig's Flynotes. */
function install(release: MadeRelease): { config: Record<string, unknown>; dataDir: string; keysFile: string } {
  const config = rig.config({ times: { versionCheckEveryMs: 1 } });
  const dataDir = String(config['dataDir']);
  const folder = path.dirname(path.dirname(agentOf(dataDir, release)));
  for (const { path: name, bytes } of release.files) {
    mkdirSync(path.dirname(path.join(folder, name)), { recursive: true });
    writeFileSync(path.join(folder, name), bytes);
  }
  writeFileSync(path.join(folder, hostFiles.releaseManifest), JSON.stringify(release.envelope));
  const keysFile = path.join(rig.folder, 'keys.json');
  const { keyId, publicKey: spki } = rig.flynotes.signingKey;
  writeFileSync(keysFile, JSON.stringify(kit.keysWith({ keyId, spki })));
  return { config, dataDir, keysFile };
}

const start = (config: Record<string, unknown>, keysFile: string, bundle: string) =>
  rig.startAgent(config, {
    underHost: true,
    bundle,
    environment: { CARESTREAM_KEYS_FILE: keysFile, CARESTREAM_HOST_VERSION: '0.1.0' },
  });

async function dictate(release: MadeRelease): Promise<void> {
  await rig.operator.addRelease(release.envelope);
  await rig.operator.pinVersion(release.version);
}

test('a version that arrives during a bulk upload and a patient-sync: neither is lost', async () => {
  const [first, second] = [kit.genuine('1.0.0'), kit.genuine('1.1.0')];
  await registry.publish(first.tarball).catch(() => undefined);
  await registry.publish(second.tarball);
  await dictate(first);
  const { config, dataDir, keysFile } = install(first);
  // Pages of R4 come late enough for a bulk upload to be under way for as long as the rest takes.
  rig.r4.faults.add({ kind: 'delay', delayMs: 5_000, matching: /ORDER BY/i });
  const old = start(config, keysFile, agentOf(dataDir, first));
  await eventually('a bulk upload under way', async () => (await rig.operator.passes(1))[0]?.status === 'running');
  const [patientCode = 0] = await patientCodes();

  await dictate(second);
  const messages = await Promise.all([1, 2, 3].map(() => rig.operator.send({ type: 'patient-sync', patientCode })));
  // What no version knows has the agent look at its version now.
  await rig.operator.send({ type: 'test' });
  await unknownMessage();
  await eventually('the staged version', () => existsSync(path.join(dataDir, hostFiles.staged)));
  expect((await rig.operator.passes(1))[0]).toMatchObject({ status: 'running' });
  expect(await old.ended).toBe(11);

  const staged = agentOf(dataDir, second);
  expect(existsSync(staged)).toBe(true);
  const { directive } = stagedFileSchema.parse(JSON.parse(readFileSync(path.join(dataDir, hostFiles.staged), 'utf8')));
  const { keyId, publicKey: spki } = rig.flynotes.signingKey;
  expect(openEnvelope(directive, 'directive', [{ keyId, spki }]).outcome).toBe('verified');

  rig.r4.faults.clear();
  const fresh = start(config, keysFile, staged);
  await eventually('an equal pass', async () => (await rig.operator.passes(1))[0]?.status === 'equal');
  expect(await rig.operator.patientsHeld()).toBeGreaterThan(3_900);
  for (const messageId of messages) {
    const result = await eventually('the result', () => rig.operator.result(messageId));
    expect(result.outcome).toBe('done');
  }
  const heartbeat = await eventually('a heartbeat of the new version', async () =>
    (await rig.operator.heartbeats(5)).find((each) => each.version === '1.1.0'),
  );
  expect(heartbeat.update).toMatchObject({
    dictated: '1.1.0',
    state: 'current',
    running: path.basename(path.dirname(path.dirname(staged))),
  });
  expect(rig.reports('update.staged').map(({ fields }) => fields['version'])).toEqual(['1.1.0']);
  expect(rig.reports('pass.failed')).toEqual([]);
  expect(fresh.health().at(-1)?.checks).toMatchObject({ database: true, licence: true });
}, 180_000);

test('down again without fetching: what lies there whole is only verified', async () => {
  const [first, second] = [kit.genuine('2.0.0'), kit.genuine('2.1.0')];
  await registry.publish(first.tarball);
  await registry.publish(second.tarball);
  await dictate(second);
  const { config, dataDir, keysFile } = install(first);
  expect(await start(config, keysFile, agentOf(dataDir, first)).ended).toBe(11);
  await registry.stop();
  try {
    await dictate(first);
    expect(await start(config, keysFile, agentOf(dataDir, second)).ended).toBe(11);
  } finally {
    await registry.start();
  }
  expect(readdirSync(path.join(dataDir, hostFiles.versions))).toHaveLength(2);
  const reports = rig.reports('update.staged').map(({ fields }) => [fields['version'], fields['fetched']]);
  expect(reports).toEqual([
    ['2.1.0', true],
    ['2.0.0', false],
  ]);
}, 120_000);

test('a registry that is away at the start keeps no practice waiting, and is asked again', async () => {
  const [first, second] = [kit.genuine('3.0.0'), kit.genuine('3.1.0')];
  await registry.publish(second.tarball);
  await dictate(second);
  const { config, dataDir, keysFile } = install(first);
  await registry.stop();
  let agent;
  try {
    // Once for each release and day it ends, so that a new start can try.
    expect(await start(config, keysFile, agentOf(dataDir, first)).ended).toBe(12);
    agent = start({ ...config, times: { hourMs: 3_000 } }, keysFile, agentOf(dataDir, first));
    await eventually('an equal pass', async () => (await rig.operator.passes(1))[0]?.status === 'equal');
  } finally {
    await registry.start();
  }
  expect(await agent.ended).toBe(11);
  expect(existsSync(agentOf(dataDir, second))).toBe(true);
  expect(rig.reports('update.refused').map(({ fields }) => fields['code'])).toEqual(['UPDATE_FETCH_FAILED']);
}, 120_000);

async function patientCodes(): Promise<number[]> {
  const found = await eventually('a patient', async () => {
    const rows = await rig.flynotes.database.query<{ code: number }>(
      `select patient_code as code from patients where state = 'held' order by 1 limit 1`,
    );
    return rows[0] !== undefined && rows;
  });
  return found.map(({ code }) => code);
}

async function unknownMessage(): Promise<void> {
  const { SQSClient, SendMessageCommand } = await import('@aws-sdk/client-sqs');
  const client = new SQSClient({
    region: rig.sqs.region,
    endpoint: rig.sqs.endpoint,
    credentials: rig.sqs.adminCredentials,
  });
  await client.send(
    new SendMessageCommand({
      QueueUrl: await rig.operator.queueUrl(),
      MessageBody: JSON.stringify({ type: 'of-the-future', requestedAt: new Date().toISOString(), schemaVersion: 1 }),
    }),
  );
  client.destroy();
}
