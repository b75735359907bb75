import { version as installedVersion } from '@flynotes/carestream-server';
import { addAgentApi } from './agent-api.ts';
import { serveConsole } from './console/index.ts';
import type { Database } from './database/index.ts';
import { createEventSignal } from './events/index.ts';
import { createApp } from './http/app.ts';
import { createBatchReader } from './ingest/index.ts';
import { createLicences, loadDirectiveSigner } from './licences/index.ts';
import { startMaintenance } from './maintenance/index.ts';
import { addOperatorApi } from './operator/index.ts';
import { createPractices } from './practices/index.ts';
import { openQueues } from './queue/index.ts';
import { createReleases } from './releases/index.ts';
import type { FlynotesServer, FlynotesServerOptions } from './server.ts';

const hourMs = 3_600_000;

/** Wires the parts together over an open database, which is theirs from here on. */
export async function serve(database: Database, options: FlynotesServerOptions): Promise<FlynotesServer> {
  await using stack = new AsyncDisposableStack();
  stack.use(database);
  const queues = await openQueues(options.queue ?? { kind: 'none' });
  stack.defer(() => queues?.close());
  const version = options.version ?? installedVersion;
  const practices = createPractices({ database, queues });
  const signer = await loadDirectiveSigner(database);
  const eventSignal = stack.use(await createEventSignal(database));
  const releases = createReleases(database, { installed: version, keys: options.releaseKeys ?? null });
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

  const batches = stack.use(createBatchReader());

  const stopped = new AbortController();
  const app = await createApp({ log: options.log ?? (() => undefined), connectTo: options.deskUrl ?? null });
  let inFlight = 0;
  app.addHook('onRequest', async (_request, reply) => {
    inFlight += 1;
    reply.raw.once('close', () => {
      inFlight -= 1;
    });
  });
  addAgentApi(
    app,
    { database, practices, licences, releases, batches },
    { passValidMs: options.passValidMs ?? 6 * hourMs, publicUrl: options.publicUrl ?? null },
  );
  addOperatorApi(
    app,
    {
      database,
      practices,
      releases,
      queues,
      eventSignal,
      version,
      signingKey: { keyId: signer.keyId, spki: signer.publicKey },
      stopped: stopped.signal,
    },
    options.operatorToken,
  );
  await serveConsole(app, { deskUrl: options.deskUrl ?? null, version }, () =>
    database.query('select id, name from practices order by name, id limit 100'),
  );
  stack.defer(async () => {
    // Requests in flight are finished; one that does not end is not waited for.
    const late = setTimeout(() => app.server.closeAllConnections(), options.stopWithinMs ?? 10_000);
    // Node waits for connections on which no request ever came, and browsers open such ones ahead of need.
    const unused = setInterval(() => inFlight === 0 && app.server.closeAllConnections(), 50);
    await app.close();
    clearInterval(unused);
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
    lost: database.lost,
    close,
    [Symbol.asyncDispose]: close,
  };
}
