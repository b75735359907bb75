import type { ErrorCode } from '../contract/index.ts';
import type { Clock, Log } from '../runtime/index.ts';
import { allowedDatabase, resolveDatabaseConfig, type DatabaseConfig } from './database-config.ts';
import { createDiscovery, type DiscoveryNotes, type DiscoveryProbes } from './discovery.ts';
import { systemProbes } from './discovery-probes.ts';
import { fixedLocation, searchedLocation, type Location } from './location.ts';
import { createPracticeReader, type PracticeReader, type ReaderLimits } from './practice-reader.ts';
import { readPracticeSchema, type ReadPractice } from './practice-schema.ts';
import { readExplanation, type SchemaExplanation } from './schema-explanation.ts';
import { createSpareConnections } from './spare-connections.ts';
import { createSqlConnection, type SqlConnection } from './sql-connection.ts';
import { databaseStatement } from './statements.ts';
import { tlsOfConnection } from './tls-of-connection.ts';
import type { TlsOffer } from './tls-offer.ts';

/** Options of {@link createPracticeConnector}. */
export interface PracticeConnectorOptions extends Partial<ReaderLimits> {
  /** Absent: R4 is searched on this machine, with Windows authentication. */
  readonly database?: DatabaseConfig | undefined;
  /** How long a connection may take to open. */
  readonly connectTimeoutMs?: number;
  /** How long a search of R4 may take. */
  readonly searchMs?: number;
  /** The licence answer's replacements for parts of the schema map, asked for at each look at the catalogue. */
  readonly schemaOverrides?: () => Promise<Readonly<Record<string, unknown>>>;
  /** What a search does to the world; tests put other probes in place of some. */
  readonly probes?: Partial<DiscoveryProbes>;
  /** Where SQL Server Browser listens; its own port unless a test says otherwise. */
  readonly browserPort?: number;
}

/** Opens a practice's database. */
export interface PracticeConnector {
  /**
   * Connects, reads the catalogue and resolves the schema.
   * @throws AgentError PRACTICE_…
   */
  open(signal: AbortSignal): Promise<PracticeReader>;
  /**
   * Connects and explains part by part what the database looks like, also where patients cannot be read.
   * @throws AgentError PRACTICE_… where nothing can be looked at
   */
  explain(signal: AbortSignal): Promise<SchemaExplanation>;
}

/** As many as the queue hands out at once. */
const patientsAtOnce = 4;
const spareKeptMs = 600_000;
const defaults = {
  connectTimeoutMs: 15_000,
  searchMs: 90_000,
  pageTimeoutMs: 60_000,
  patientTimeoutMs: 15_000,
  tries: 4,
} as const;

/**
 * Creates a connector.
 * @throws AgentError CONFIG_FIELD_INVALID, CONFIG_FIELD_MISSING
 */
export function createPracticeConnector(
  deps: {
    readonly clock: Clock;
    readonly log: Log;
    /** Keeps where R4 was found. */
    readonly notes?: DiscoveryNotes;
  },
  options: PracticeConnectorOptions,
): PracticeConnector {
  const target = resolveDatabaseConfig(options.database);
  const connectTimeoutMs = options.connectTimeoutMs ?? defaults.connectTimeoutMs;
  const limits: ReaderLimits = {
    pageTimeoutMs: options.pageTimeoutMs ?? defaults.pageTimeoutMs,
    patientTimeoutMs: options.patientTimeoutMs ?? defaults.patientTimeoutMs,
    tries: options.tries ?? defaults.tries,
  };
  const { browserPort } = options;
  const locate = (): Location => {
    if (target.driver !== 'search') return fixedLocation(target);
    const probes = { ...systemProbes(deps, { connectTimeoutMs, browserPort }), ...options.probes };
    const discovery = createDiscovery({ probes, ...(deps.notes === undefined ? {} : { notes: deps.notes }) }, target);
    return searchedLocation({ clock: deps.clock, discovery }, options.searchMs ?? defaults.searchMs);
  };
  return {
    async explain(signal) {
      const connection = createSqlConnection(deps, { location: locate(), connectTimeoutMs, browserPort });
      try {
        await refuseTraining(connection, limits.patientTimeoutMs, signal);
        return await readExplanation(connection, { overrides: (await options.schemaOverrides?.()) ?? {} }, signal);
      } finally {
        await connection.close();
      }
    },
    async open(signal) {
      const startedAt = deps.clock.monotonic();
      const location = locate();
      const bulk = createSqlConnection(deps, { location, connectTimeoutMs, browserPort });
      // Where R4 is, is the affair of those two; a spare one that closes takes nothing of it along.
      const borrowed = { ...location, close: () => undefined };
      const warm = createSpareConnections(
        {
          clock: deps.clock,
          first: createSqlConnection(deps, { location, connectTimeoutMs, browserPort }),
          another: () => createSqlConnection(deps, { location: borrowed, connectTimeoutMs, browserPort }),
        },
        { most: patientsAtOnce, keptMs: spareKeptMs, openTimeoutMs: limits.patientTimeoutMs },
      );
      const look = async (connection: SqlConnection, within: AbortSignal): Promise<ReadPractice> => {
        const overrides = (await options.schemaOverrides?.()) ?? {};
        const [tls, practice] = await Promise.all([
          tlsOfConnection(connection, within),
          readPracticeSchema(connection, { overrides }, within),
        ]);
        report(deps.log, practice);
        return withTls(practice, tls);
      };
      try {
        // Both stand before the overrides are waited for: Flynotes and SQL Server are reached at the same time. In turn, because a
        // wrong password tried twice locks a login twice as fast.
        for (const connection of [bulk, warm]) await refuseTraining(connection, limits.patientTimeoutMs, signal);
        const practice = await look(bulk, signal);
        deps.log.emit('practice.connected', {
          product: practice.product,
          compatibilityLevel: practice.compatibilityLevel,
          elapsedMs: Math.round(deps.clock.monotonic() - startedAt),
        });
        if (practice.schema.tls === 'old') deps.log.emit('warning', { code: 'PRACTICE_TLS_OLD', area: 'practice' });
        return createPracticeReader({ ...deps, bulk, warm, look }, practice, limits);
      } catch (error) {
        await Promise.all([bulk.close(), warm.close()]);
        throw error;
      }
    },
  };
}

/**
 * Connects, and lets go of a database whose patients do not exist: a string may lead there by ways that only ODBC understands.
 * @throws AgentError CONFIG_FIELD_INVALID
 */
async function refuseTraining(connection: SqlConnection, timeoutMs: number, signal: AbortSignal): Promise<void> {
  const name = (await connection.query({ text: databaseStatement, timeoutMs }, signal))[0]?.[0]?.[0];
  if (typeof name === 'string') allowedDatabase(name);
}

function withTls(practice: ReadPractice, tls: TlsOffer): ReadPractice {
  const old: readonly ErrorCode[] = tls === 'old' ? ['PRACTICE_TLS_OLD'] : [];
  return { ...practice, schema: { ...practice.schema, tls, warnings: [...practice.schema.warnings, ...old] } };
}

function report(log: Log, { schema }: ReadPractice): void {
  const entities = Object.values(schema.entities);
  log.emit('practice.schema-resolved', {
    fingerprint: schema.fingerprint,
    tables: entities.length,
    columns: entities.reduce((sum, entity) => sum + Object.values(entity.columns).flat().length, 0),
  });
  for (const { entity, field, reason } of schema.missing) {
    log.emit('practice.schema-missing', { entity: kebab(entity), field: kebab(field ?? 'table'), reason });
  }
  for (const part of schema.refusedOverrides)
    log.emit('warning', { code: 'PRACTICE_OVERRIDE_INVALID', area: 'practice', name: part });
  for (const table of schema.unindexed)
    log.emit('warning', { code: 'PRACTICE_INDEX_MISSING', area: 'practice', name: table });
}

const kebab = (name: string): string => name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
