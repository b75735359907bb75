import { version as installedVersion } from '@flynotes/carestream-server';
import type { LicenceAnswer } from '@flynotes/carestream-server/api';
import { addAgentApi } from './agent-api.ts';
import { serveConsole } from './console/index.ts';
import { migrate, openDatabase } from './database/index.ts';
import type { Database, DatabaseOptions } from './database/index.ts';
import { createEventSignal } from './events/index.ts';
import { createApp } from './http/app.ts';
import type { RequestLine } from './http/app.ts';
import { createLicences, loadDirectiveSigner } from './licences/index.ts';
import { startMaintenance } from './maintenance/index.ts';
import { addOperatorApi } from './operator/index.ts';
import { createPractices } from './practices/index.ts';
import type { Practices } from './practices/index.ts';
import type { AwsQueueOptions, LocalQueueOptions, QueueProvider } from './queue/index.ts';

/** Where queues come from. */
export type QueueOptions =
  | ({ readonly kind: 'aws' } & AwsQueueOptions)
  | ({ readonly kind: 'local' } & LocalQueueOptions)
  | { readonly kind: 'none' };

/** How a server is started. */
export interface FlynotesServerOptions {
  readonly host?: string;
  /** 0, the default, takes a free one. */
  readonly port?: number;
  /** A PostgreSQL, or the embedded one; in memory by default. */
  readonly database?: DatabaseOptions;
  readonly queue?: QueueOptions;
  readonly operatorToken: string;
  /** The version that practices are to run; the installed library's by default. */
  readonly version?: string;
  readonly agentVersionLeast?: string;
  readonly rollbar?: LicenceAnswer['rollbar'];
  readonly registry?: LicenceAnswer['registry'];
  /** An unfinished pass can be resumed for this long; 6 hours. */
  readonly passValidMs?: number;
  readonly directiveValidMs?: number;
  /** How long an agent's queue keys are valid; 36 hours. */
  readonly credentialDurationS?: number;
  readonly maintenanceEveryMs?: number;
  /** The longest that a stop waits for requests in flight; 10 seconds. */
  readonly stopWithinMs?: number;
  /** The sandbox's reception desk, told to the console's page. */
  readonly deskUrl?: string | null;
  readonly log?: (line: RequestLine) => void;
}

/** A running server. */
export interface FlynotesServer extends AsyncDisposable {
  readonly url: string;
  readonly port: number;
  readonly operatorToken: string;
  /** What directives are signed with: SPKI in base64 and its id. */
  readonly signingKey: { readonly keyId: string; readonly publicKey: string };
  readonly practices: Practices;
  /** For tests that look behind the API. */
  readonly database: Database;
  close(): Promise<void>;
}

const hourMs = 3_600_000;

/** Starts the reference server side. @throws Error in plain words when the database cannot be used */
export async function createFlynotesServer(options: FlynotesServerOptions): Promise<FlynotesServer> {
  await using stack = new AsyncDisposableStack();
  const database = stack.use(await openMigrated(options.database ?? { dataDir: null }));
  const queues = await openQueues(options.queue ?? { kind: 'none' });
  stack.defer(() => queues?.close());
  const version = options.version ?? installedVersion;
  const practices = createPractices({ database, queues });
  const signer = await loadDirectiveSigner(database);
  const eventSignal = stack.use(await createEventSignal(database));
  const licences = createLicences(
    { database, practices, queues, signer },
    {
      version,
      agentVersionLeast: options.agentVersionLeast ?? '0.0.0',
      rollbar: options.rollbar ?? null,
      registry: options.registry ?? null,
      directiveValidMs: options.directiveValidMs ?? 36 * hourMs,
      ...(options.credentialDurationS === undefined ? {} : { credentialDurationS: options.credentialDurationS }),
    },
  );
  stack.use(startMaintenance({ database, practices }, options.maintenanceEveryMs ?? hourMs));

  const stopped = new AbortController();
  const app = await createApp(options.log ?? (() => undefined));
  addAgentApi(app, { database, practices, licences }, { passValidMs: options.passValidMs ?? 6 * hourMs });
  addOperatorApi(
    app,
    { database, practices, queues, eventSignal, version, stopped: stopped.signal },
    options.operatorToken,
  );
  await serveConsole(app, { deskUrl: options.deskUrl ?? null, version }, () =>
    database.query('select id, name from practices order by name, id limit 100'),
  );
  stack.defer(async () => {
    // Requests in flight are finished; one that does not end is not waited for.
    const late = setTimeout(() => app.server.closeAllConnections(), options.stopWithinMs ?? 10_000);
    await app.close();
    clearTimeout(late);
  });
  stack.defer(() => stopped.abort());
  const url = await app.listen({ host: options.host ?? '127.0.0.1', port: options.port ?? 0 });
  const owned = stack.move();
  let closing: Promise<void> | null = null;
  const close = (): Promise<void> => (closing ??= owned.disposeAsync());
  return {
    url,
    port: Number(new URL(url).port),
    operatorToken: options.operatorToken,
    signingKey: { keyId: signer.keyId, publicKey: signer.publicKey },
    practices,
    database,
    close,
    [Symbol.asyncDispose]: close,
  };
}

/** Opens the database and brings it to this release's tables. */
export async function openMigrated(options: DatabaseOptions): Promise<Database> {
  const database = await openDatabase(options);
  try {
    await migrate(database);
    return database;
  } catch (error) {
    await database[Symbol.asyncDispose]();
    throw error;
  }
}

/** The provider that the options name. AWS's libraries are loaded only where they are used. */
export async function openQueues(options: QueueOptions): Promise<QueueProvider | null> {
  switch (options.kind) {
    case 'aws':
      return (await import('./queue/aws-queue.ts')).createAwsQueues(options);
    case 'local':
      return (await import('./queue/local-queue.ts')).createLocalQueues(options);
    case 'none':
      return null;
  }
}
