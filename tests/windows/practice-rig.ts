import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { serializeMessage } from '@flynotes/carestream-server/messages';
import { createFlynotesServer } from '@flynotes/flynotes-server';
import { createOperator, type Operator } from '@flynotes/sandbox';
import { createR4Server, type R4Server } from '@flynotes/sandbox/r4-server';
import { createRegistry, type Registry } from '@flynotes/sandbox/registry';
import { createRollbarSink } from '@flynotes/sandbox/rollbar';
import { createSqs } from '@flynotes/sandbox/sqs';
import { createReleaseKit, type MadeRelease, type ReleaseKit } from '../../packages/sandbox/src/updates/release-kit.ts';

const operatorToken = 'windows-operator-token';

/** The practice's R4 and the cloud, outside of Windows, on loopback. */
export interface PracticeRig extends AsyncDisposable {
  readonly r4: R4Server;
  readonly operator: Operator;
  readonly registry: Registry;
  readonly kit: ReleaseKit;
  readonly flynotesUrl: string;
  readonly licenceKey: string;
  readonly rollbarToken: string;
  /** Writes a release as `release:sign` leaves it, and the keys that go with it. */
  writeRelease(release: MadeRelease): Promise<{ readonly signed: string; readonly keys: string }>;
  /** To the registry, and to Flynotes. */
  offer(release: MadeRelease): Promise<void>;
  /** Something for the agent's long poll to return with; it is handed back when the agent is stopping. */
  wake(): Promise<void>;
}

/** Brings it up. */
export async function createPracticeRig(folder: string): Promise<PracticeRig> {
  await using stack = new AsyncDisposableStack();
  const r4 = stack.use(await createR4Server({ patients: 300 }));
  const sqs = stack.use(await createSqs());
  const rollbar = stack.use(await createRollbarSink());
  const registry = stack.use(await createRegistry());
  const flynotes = stack.use(
    await createFlynotesServer({
      operatorToken,
      queue: {
        kind: 'local',
        region: sqs.region,
        namePrefix: 'windows-',
        sqsEndpoint: sqs.endpoint,
        issuerUrl: sqs.issuerUrl,
        ...sqs.adminCredentials,
      },
      registry: { url: registry.url, token: registry.tokens.agent },
      rollbar: { accessToken: rollbar.accessToken, environment: 'test', level: 'info', endpoint: rollbar.endpoint },
    }),
  );
  const operator = createOperator(flynotes.url, operatorToken);
  const { licenceKey } = await operator.createPractice('High Street Dental');
  const kit = await createReleaseKit(folder);
  const queueUrl = await operator.queueUrl();
  const rig = {
    r4,
    operator,
    registry,
    kit,
    flynotesUrl: flynotes.url,
    licenceKey,
    rollbarToken: rollbar.accessToken,
    async writeRelease(release: MadeRelease) {
      const base = path.join(folder, `flynotes-carestream-server-${release.version}`);
      const keys = path.join(folder, 'keys.json');
      mkdirSync(folder, { recursive: true });
      writeFileSync(`${base}.tgz`, release.tarball);
      writeFileSync(`${base}.release.json`, JSON.stringify(release.envelope));
      writeFileSync(keys, JSON.stringify(kit.keysWith(await operator.signingKey())));
      return { signed: `${base}.release.json`, keys };
    },
    async offer(release: MadeRelease) {
      await registry.publish(release.tarball);
      await operator.addRelease(release.envelope);
    },
    async wake() {
      await sqs.sendMessage(queueUrl, serializeMessage({ type: 'test' }));
    },
  };
  const owned = stack.move();
  return { ...rig, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}
