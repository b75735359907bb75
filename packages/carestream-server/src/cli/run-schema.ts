import { createPracticeConnector, type DatabaseConfig, type SchemaExplanation } from '../practice/index.ts';
import { AgentError, codeOf, isAgentError, type Log } from '../runtime/index.ts';
import { createSystemClock } from '../runtime/system-clock.ts';
import { configurationOf } from './configuration-of.ts';
import { createDoctorPorts } from './doctor-ports.ts';
import { applyProxy, proxyVariablesOf, trustSystemCertificates } from './network.ts';
import { schemaPage } from './schema-page.ts';

/** What the command line says. */
export interface SchemaOptions {
  readonly config?: string;
  readonly json?: boolean;
}

const licenceWithinMs = 10_000;
const withinMs = 60_000;
const silent: Log = { emit: () => undefined, error: () => undefined };

/** What Flynotes replaces in the schema map: known, or the code of why it is not. */
export interface Overrides {
  readonly overrides: Readonly<Record<string, unknown>>;
  readonly code: string | null;
}

/**
 * Runs `schema` as a process. Resolves to the exit code: 0 where everything usual was found, 1 where something is missing, 2 where
 * patients cannot be read.
 */
export async function runSchema(options: SchemaOptions): Promise<number> {
  // oxlint-disable-next-line eslint/no-restricted-properties -- the command line reads the environment
  const environment = process.env;
  const reading = configurationOf(options.config, environment);
  if (reading.outcome === 'invalid') return complain(reading.failures, options);
  const { config } = reading;
  const proxy = proxyVariablesOf(config.proxy, environment);
  const clock = createSystemClock();
  try {
    if (proxy) applyProxy(proxy);
    trustSystemCertificates();
    const ports = createDoctorPorts(config, { clock, proxy, environment });
    const connector = createPracticeConnector(
      { clock, log: silent },
      {
        database: config.database as DatabaseConfig | undefined,
        schemaOverrides: async () => {
          replaced = await askOverrides((signal) => ports.licence(signal));
          return replaced.overrides;
        },
      },
    );
    let replaced: Overrides = { overrides: {}, code: null };
    const explanation = await connector.explain(AbortSignal.timeout(withinMs));
    process.stdout.write(
      options.json === true
        ? `${JSON.stringify({ ...explanation, overrides: replaced })}\n`
        : schemaPage(explanation, replaced),
    );
    return exitCodeOf(explanation);
  } catch (error) {
    return complain([isAgentError(error) ? error : new AgentError('PRACTICE_TIMEOUT', { cause: error })], options);
  }
}

const lacking: ReadonlySet<string> = new Set([
  'PRACTICE_PARTS_MISSING',
  'PRACTICE_PERMISSION_DENIED',
  'PRACTICE_OVERRIDE_INVALID',
]);

function exitCodeOf({ failure, warnings }: SchemaExplanation): number {
  if (failure !== null) return 2;
  return warnings.some((code) => lacking.has(code)) ? 1 : 0;
}

async function askOverrides(
  licence: (signal: AbortSignal) => Promise<{ readonly schemaOverrides: Readonly<Record<string, unknown>> }>,
): Promise<Overrides> {
  try {
    return { overrides: (await licence(AbortSignal.timeout(licenceWithinMs))).schemaOverrides, code: null };
  } catch (error) {
    return { overrides: {}, code: codeOf(error) };
  }
}

function complain(failures: readonly AgentError[], { json }: SchemaOptions): number {
  if (json === true) {
    const [failure] = failures;
    const told = { failure: { code: failure?.code ?? 'CRASH', details: failure?.details ?? {} } };
    process.stdout.write(`${JSON.stringify(told)}\n`);
  } else for (const failure of failures) process.stderr.write(`carestream-server: ${failure.message}\n`);
  return 2;
}
