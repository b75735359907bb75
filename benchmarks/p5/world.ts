import { SQSClient } from '@aws-sdk/client-sqs';
import { createOperator, type Operator } from '../../packages/sandbox/src/operator.ts';
import { startPostgres } from '../../packages/testkit/src/index.ts';
import { startChild } from '../child.ts';

/** Everything around an agent, each part in a process of its own. */
export interface World extends AsyncDisposable {
  readonly r4Port: number;
  readonly databaseUrl: string;
  readonly flynotesUrl: string;
  readonly region: string;
  readonly sqsEndpoint: string;
  /** The administrator's keys at the queue service. */
  readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string };
  /** With the administrator's keys. */
  sqsClient(): SQSClient;
  /** A practice of its own; its queue exists. */
  newPractice(name: string): Promise<BenchPractice>;
}

/** A practice at the server. */
export interface BenchPractice {
  readonly practiceId: string;
  readonly licenceKey: string;
  readonly queueUrl: string;
  readonly operator: Operator;
}

const operatorToken = 'benchmark-operator-token';
/** For every part, the peer included. In life each has a machine of its own; here none takes both processors while V8 collects. */
export const flags = ['--v8-pool-size=1'];

/** Starts R4, the queue service, PostgreSQL and flynotes-server. */
export async function startWorld(patients: number): Promise<World> {
  await using stack = new AsyncDisposableStack();
  const [r4, sqs, postgres] = await Promise.all([
    startChild('packages/sandbox/src/r4-server/main.ts', ['--patients', String(patients), '--until-stdin-closes'], {
      flags,
    }).then((child) => stack.use(child)),
    startChild('benchmarks/p5/sqs-server.ts', [], { flags }).then((child) => stack.use(child)),
    startPostgres().then((started) => (started === null ? null : stack.use(started))),
  ]);
  if (postgres === null) throw new Error('PostgreSQL is needed: apt-get install postgresql');
  const databaseUrl = await postgres.createDatabase();
  const queue = sqs.ready as {
    endpoint: string;
    issuerUrl: string;
    region: string;
    admin: { accessKeyId: string; secretAccessKey: string };
  };
  const server = stack.use(
    await startChild('packages/flynotes-server/src/cli.ts', ['start', '--port', '0', '--json'], {
      flags,
      environment: {
        DATABASE_URL: databaseUrl,
        FLYNOTES_OPERATOR_TOKEN: operatorToken,
        FLYNOTES_QUEUE: 'local',
        FLYNOTES_SQS_ENDPOINT: queue.endpoint,
        FLYNOTES_CREDENTIAL_ISSUER: queue.issuerUrl,
        AWS_REGION: queue.region,
        AWS_ACCESS_KEY_ID: queue.admin.accessKeyId,
        AWS_SECRET_ACCESS_KEY: queue.admin.secretAccessKey,
      },
    }),
  );
  const flynotesUrl = String(server.ready['url']);
  const owned = stack.move();
  return {
    r4Port: Number(r4.ready['port']),
    databaseUrl,
    flynotesUrl,
    region: queue.region,
    sqsEndpoint: queue.endpoint,
    credentials: queue.admin,
    sqsClient: () =>
      new SQSClient({ region: queue.region, endpoint: queue.endpoint, credentials: queue.admin, maxAttempts: 1 }),
    async newPractice(name) {
      const operator = createOperator(flynotesUrl, operatorToken);
      const { practiceId, licenceKey } = await operator.createPractice(name);
      // The first licence answer makes the queue.
      const answer = await fetch(`${flynotesUrl}/v1/licence`, {
        method: 'POST',
        headers: { authorization: `Bearer ${licenceKey}`, 'content-type': 'application/json' },
        body: JSON.stringify({
          nonce: '0123456789abcdef',
          version: '0.1.0',
          hostVersion: null,
          platform: 'benchmark',
          canonicalVersions: [1],
          stateSchema: 1,
        }),
      });
      if (!answer.ok) throw new Error(`The licence was answered with ${answer.status}: ${await answer.text()}`);
      return { practiceId, licenceKey, queueUrl: await operator.queueUrl(), operator };
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/** The address and login of R4 as an agent's configuration has them. */
export const connectionStringOf = ({ r4Port }: Pick<World, 'r4Port'>): string =>
  `Server=127.0.0.1,${r4Port};Database=sys2000;Uid=flynotes_reader;Pwd=reader-password;Encrypt=no`;
