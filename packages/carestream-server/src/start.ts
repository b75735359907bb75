import path from 'node:path';
import { readConfig } from './cli/config.ts';
import { configurationOf } from './cli/configuration-of.ts';
import { applyProxy, proxyVariablesOf, trustSystemCertificates } from './cli/network.ts';
import { composeAgent, type Agent } from './compose.ts';
import {
  healthFileDescriptor,
  hostEnvironment,
  hostFiles,
  hostRoleSchema,
  releaseFolderSchema,
  versionSchema,
  type HostEvent,
} from './contract/index.ts';
import { exitCodeOf, type EndReason, type LifeTimes } from './lifecycle/index.ts';
import { AgentError, isAgentError } from './runtime/index.ts';
import { noHostChannel, openHostChannel } from './runtime/host-channel.ts';
import { createSystemClock } from './runtime/system-clock.ts';

/** The configuration as a program may give it instead of a file; the same fields. */
export interface ConfigInput {
  readonly licenceKey?: string;
  readonly flynotesUrl?: string;
  readonly database?: string | Readonly<Record<string, unknown>>;
  readonly dataDir?: string;
  readonly proxy?: string;
  readonly rollbarToken?: string;
  readonly rollbarEndpoint?: string;
  readonly times?: Partial<LifeTimes>;
}

/** Options of {@link startAgent}. */
export interface StartOptions {
  /** A file, or the configuration itself. Without it, `config.json` in the folder that `CARESTREAM_DATA_DIR` names. */
  readonly config?: string | ConfigInput;
  /** Ends the agent cleanly, within 25 s. */
  readonly signal?: AbortSignal;
  /** Who started the process; by default what the environment tells. `null` for nobody. */
  readonly host?: {
    readonly role: 'stable' | 'candidate';
    readonly version: string | null;
    /** The host's keys.json: without it no other version is ever installed. */
    readonly keysFile?: string | null;
  } | null;
  /** Hour, day and the like, in milliseconds; above those of the configuration. */
  readonly times?: Partial<LifeTimes>;
  /** The process's own unless told otherwise. */
  readonly environment?: Readonly<Record<string, string | undefined>>;
  /** Called once the agent is put together, before it begins. */
  readonly onAgent?: (agent: Agent) => void;
}

/** How the agent ended, and what it tells its host by it. */
export interface StartResult {
  readonly exitCode: number;
  readonly reason: EndReason;
  /** What stood in the way, each with a code and what to do. */
  readonly failures: readonly AgentError[];
}

/** @see {@link StartOptions} Never throws and never ends the process. */
export async function startAgent(options: StartOptions = {}): Promise<StartResult> {
  // oxlint-disable-next-line eslint/no-restricted-properties -- the environment of the process is the default
  const environment = options.environment ?? process.env;
  const reading = readConfiguration(options, environment);
  if (reading.outcome === 'invalid') {
    return { exitCode: exitCodeOf.configuration, reason: 'configuration', failures: reading.failures };
  }
  const { config } = reading;
  const proxy = proxyVariablesOf(config.proxy, environment);
  try {
    if (proxy) applyProxy(proxy);
  } catch (error) {
    if (!isAgentError(error)) throw error;
    return { exitCode: exitCodeOf.configuration, reason: 'configuration', failures: [error] };
  }
  if (config.flynotesUrl.startsWith('https:')) trustSystemCertificates();
  const host = options.host === undefined ? hostOf(environment) : options.host;
  const channel = host ? openHostChannel(healthFileDescriptor) : noHostChannel;
  const agent = composeAgent(
    { ...config, times: { ...config.times, ...options.times } },
    {
      clock: createSystemClock(),
      role: host?.role ?? null,
      hostVersion: host?.version ?? null,
      proxy,
      keysFile: host?.keysFile ?? null,
      release: releaseFolder(),
      tellHost: (event: HostEvent) => channel.write(JSON.stringify(event)),
    },
  );
  options.onAgent?.(agent);
  const { exitCode, reason, failures } = await agent.run(options.signal ?? new AbortController().signal);
  return { exitCode, reason, failures: failures.map(asAgentError) };
}

function asAgentError(error: unknown): AgentError {
  return isAgentError(error) ? error : new AgentError('CRASH', { cause: error });
}

function readConfiguration(options: StartOptions, environment: Readonly<Record<string, string | undefined>>) {
  if (typeof options.config === 'object') {
    return readConfig({ file: null, content: { ...options.config }, environment });
  }
  return configurationOf(options.config, environment);
}

/** A host says so by the role that it gives; its version is only told on. */
function hostOf(environment: Readonly<Record<string, string | undefined>>): StartOptions['host'] {
  const role = hostRoleSchema.safeParse(environment[hostEnvironment.role]);
  if (!role.success) return null;
  const version = versionSchema.safeParse(environment[hostEnvironment.hostVersion]);
  return {
    role: role.data,
    version: version.success ? version.data : null,
    keysFile: environment[hostEnvironment.keysFile] || null,
  };
}

/** A release runs from `versions/<folder>/agent/agent.mjs`; sources and the library from elsewhere. */
function releaseFolder(): string | null {
  const folder = path.dirname(import.meta.dirname);
  const name = releaseFolderSchema.safeParse(path.basename(folder));
  return name.success && path.basename(path.dirname(folder)) === hostFiles.versions ? name.data : null;
}
