// oxlint-disable eslint/no-restricted-imports -- a rig of the tests makes its own folders
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { FlynotesServer } from '@flynotes/flynotes-server';
import { createR4Server, type R4ServerOptions } from '@flynotes/sandbox/r4-server';
import { createFlynotesClient } from '../flynotes/index.ts';
import { createPracticeConnector } from '../practice/index.ts';
import type { EventName, Log } from '../runtime/index.ts';
import { createSystemClock } from '../runtime/system-clock.ts';
import { openState } from '../state/index.ts';
import { createBulkUploads } from './bulk-uploads.ts';
import { createKeyedDigester, type KeyedDigester } from './digester.ts';
import { createPatientPuts } from './patient-puts.ts';
import { createPatientUploads } from './patient-uploads.ts';
import type { UploadDeps } from './ports.ts';

/** For tests: a simulated R4 and a real Flynotes server, with an uploading agent between them that speaks to both over the wire. */
export async function createUploadWireRig(
  server: FlynotesServer,
  options: R4ServerOptions & { readonly pageRows?: number } = {},
) {
  await using stack = new AsyncDisposableStack();
  const dataDir = mkdtempSync(join(tmpdir(), 'carestream-upload-wire-'));
  stack.defer(() => rmSync(dataDir, { recursive: true, force: true }));
  const clock = createSystemClock();
  const events: { name: EventName; fields: Record<string, unknown> }[] = [];
  const log: Log = {
    emit: (name, fields) => void events.push({ name, fields: fields as Record<string, unknown> }),
    error: () => undefined,
  };
  const r4 = stack.use(await createR4Server({ seed: 7, ...options }));
  const { practice, licenceKey } = await server.practices.create({ name: 'Highgate', timeZone: 'Europe/London' });
  const never = new AbortController().signal;
  const connector = createPracticeConnector({ clock, log }, { database: r4.connectionString() });
  const reader = stack.use(await connector.open(never));
  const client = createFlynotesClient({ clock }, { baseUrl: server.url, licenceKey });
  /** What lies between; a test may put something in the way. */
  const between = { reader: { ...reader }, client: { ...client } };
  let digester = createKeyedDigester({ key: practice.digestKey, canonicalVersion: 1 });
  let state = openState(join(dataDir, 'agent.db'), { clock });
  stack.defer(() => state.close());

  const assemble = () => {
    const deps: UploadDeps = {
      practice: () => between.reader,
      flynotes: between.client,
      state,
      clock,
      log,
      puts: createPatientPuts(clock),
      get digester() {
        return digester;
      },
      timeZone: 'Europe/London',
    };
    const pace = { pageRows: options.pageRows ?? 2_000, pauseRatio: 0 };
    const backoff = { firstMs: 5, mostMs: 50, jitter: 0.5 };
    return {
      bulk: createBulkUploads(deps, { pace, backoff }),
      patients: createPatientUploads(deps, { backoff }),
    };
  };
  let parts = assemble();
  const r4Session = r4.engine.login({
    user: 'reception',
    password: 'reception-password',
    database: 'sys2000',
    applicationName: 'R4',
    hostName: 'reception-1',
  });
  const owned = stack.move();

  return {
    r4,
    practice,
    reader,
    client,
    between,
    /** As a licence answer brings another key. */
    useDigester(next: KeyedDigester) {
      digester = next;
    },
    events,
    never,
    get state() {
      return state;
    },
    pass: (signal: AbortSignal = never) => parts.bulk.request('scheduled', signal),
    sync: (patientCode: number) => parts.patients.sync({ patientCode, messageId: `m-${patientCode}` }, never),
    /** Types something into R4, as reception does. */
    type(sql: string) {
      for (const _ of r4Session.execute(sql, [])) void _;
    },
    /** Nothing lies between any more. */
    clearTheWay() {
      Object.assign(between.reader, reader);
      Object.assign(between.client, client);
    },
    restart(loseState = false) {
      state.close();
      if (loseState) rmSync(dataDir, { recursive: true });
      state = openState(join(dataDir, 'agent.db'), { clock });
      parts = assemble();
    },
    /** What Flynotes counts of this practice. */
    async heldCodes(): Promise<number[]> {
      const rows = await server.database.query<{ code: number }>(
        `select patient_code as code from patients where practice_id = $1 and state = 'held' order by patient_code`,
        [practice.id],
      );
      return rows.map(({ code }) => code);
    },
    async basicsOf(patientCode: number): Promise<Record<string, unknown> | null> {
      const [row] = await server.database.query<{ basics: Record<string, unknown> | null }>(
        'select basics from patients where practice_id = $1 and patient_code = $2',
        [practice.id, patientCode],
      );
      return row?.basics ?? null;
    },
    /** Every byte that the state's folder holds. */
    stateBytes: () => Buffer.concat(readdirSync(dataDir).map((name) => readFileSync(join(dataDir, name)))),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}
