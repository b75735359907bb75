import { randomBytes } from 'node:crypto';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { canonicalVersions, type LicenceAnswer } from '../contract/index.ts';
import type { DoctorPorts } from '../doctor/index.ts';
import { createFlynotesClient, knockAtFlynotes } from '../flynotes/index.ts';
import { createPracticeConnector, type DatabaseConfig } from '../practice/index.ts';
import { AgentError, type Clock, type Log } from '../runtime/index.ts';
import { readState, stateSchema } from '../state/index.ts';
import { submitEvent } from '../telemetry/index.ts';
import { version } from '../version.ts';
import type { AgentConfig } from './config.ts';
import { accountOf, databaseLoginOf } from './database-login.ts';
import { lookAtFolder } from './folder-probe.ts';
import type { ProxyVariables } from './network.ts';
import { askProxy, askRegistry, proxyFor, resolveName } from './network-probes.ts';

/** What surrounds the doctor. */
export interface DoctorSurroundings {
  readonly clock: Clock;
  readonly proxy: ProxyVariables | null;
  readonly environment: Readonly<Record<string, string | undefined>>;
}

const connectTimeoutMs = 7_000;
/** A search tries many places, one after the other. */
const searchedPlaceMs = 2_500;
/** Before the check itself runs out of time: what was tried is worth more than that it took too long. */
const searchMs = 35_000;
const queryTimeoutMs = 9_000;

/** The real world, as the agent itself meets it. */
export function createDoctorPorts(config: AgentConfig, surroundings: DoctorSurroundings): DoctorPorts {
  const { clock, environment } = surroundings;
  const login = databaseLoginOf(config.database as DatabaseConfig | undefined);
  const url = new URL(config.flynotesUrl);
  const proxy = proxyFor(url, surroundings.proxy);
  const flynotes = createFlynotesClient(
    { clock },
    { baseUrl: config.flynotesUrl, licenceKey: config.licenceKey, timeouts: { licenceMs: 10_000 } },
  );
  return {
    clock,
    address: { host: url.hostname, encrypted: url.protocol === 'https:', proxy: proxy?.host ?? null },
    account: accountOf(login, {
      username: userInfo().username,
      domain: environment['USERDOMAIN'] || environment['COMPUTERNAME'],
      computer: environment['COMPUTERNAME'],
    }),
    database: login.database,
    hasRollbarToken: config.rollbarToken !== undefined,
    lookAtFolder: async () => lookAtFolder(config.dataDir),
    resolve: resolveName,
    async askProxy(signal) {
      if (proxy !== null) await askProxy(proxy, url, signal);
    },
    knock: (signal) => knockAtFlynotes(config.flynotesUrl, signal),
    licence: (signal) =>
      flynotes.licence(
        {
          nonce: randomBytes(24).toString('base64url'),
          version,
          hostVersion: null,
          platform: `${process.platform}-${process.arch}`,
          canonicalVersions: [...canonicalVersions],
          stateSchema,
        },
        signal,
      ),
    askRegistry,
    async openPractice(overrides, signal) {
      const noticed = createNotices();
      const connector = createPracticeConnector(
        { clock, log: noticed.log, notes: rememberedBy(config.dataDir) },
        {
          database: config.database as DatabaseConfig | undefined,
          connectTimeoutMs: login.searched ? searchedPlaceMs : connectTimeoutMs,
          searchMs,
          pageTimeoutMs: queryTimeoutMs,
          patientTimeoutMs: queryTimeoutMs,
          tries: 2,
          schemaOverrides: overrides,
        },
      );
      const reader = await connector.open(signal);
      return { reader, product: noticed.product() };
    },
    async lookAtQueue({ url: queueUrl, region, endpoint, credentials }, signal) {
      const { lookAtQueue } = await import('../queue/index.ts');
      return lookAtQueue(
        {
          url: queueUrl,
          region,
          requestMostMs: 5_000,
          ...(endpoint === undefined ? {} : { endpoint }),
          ...(surroundings.proxy === null ? {} : { proxyEnv: surroundings.proxy }),
        },
        credentials,
        signal,
      );
    },
    report: (licence, tally, signal) =>
      submitEvent(
        { name: 'doctor.examined', fields: { version, ...tally } },
        {
          clock,
          ...reportTarget(config, licence),
          sender: { version, practiceId: licence?.practice.id ?? null },
        },
        signal,
      ),
  };
}

/** What the licence names stands before what the configuration names. */
function reportTarget(config: AgentConfig, licence: LicenceAnswer | null) {
  const rollbar = licence?.rollbar ?? null;
  if (rollbar !== null) {
    return { accessToken: rollbar.accessToken, environment: rollbar.environment, endpoint: rollbar.endpoint };
  }
  if (config.rollbarToken === undefined)
    throw new AgentError('REPORT_UNDELIVERED', { details: { reason: 'no-token' } });
  return { accessToken: config.rollbarToken, environment: 'production', endpoint: config.rollbarEndpoint };
}

/** Where the agent found R4, so that the doctor looks there first. It remembers nothing itself: the state is the agent's. */
function rememberedBy(dataDir: string) {
  return {
    get(key: string): string | null {
      try {
        using state = readState(join(dataDir, 'agent.db'));
        return state?.note(key) ?? null;
      } catch {
        return null;
      }
    },
    set: () => undefined,
  };
}

/** Hears what the practice area tells while it opens the database, and keeps what the doctor tells on. */
function createNotices() {
  let product: string | undefined;
  const log: Log = {
    emit(name, fields) {
      const told = fields as { readonly product?: string };
      if (name === 'practice.connected') product = told.product;
    },
    error: () => undefined,
  };
  return { log, product: () => product };
}
