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
import { exitCodeOf } from './lifecycle/index.ts';
import { AgentError, isAgentError } from './runtime/index.ts';
import { noHostChannel, openHostChannel } from './runtime/host-channel.ts';
import { createSystemClock } from './runtime/system-clock.ts';
import type { StartOptions, StartResult } from './start-options.ts';

/**
 * @see {@link StartOptions} Never throws and never ends the process.
 * @param onAgent - called once the agent is put together, before it begins
 */
export async function startAgent(options: StartOptions = {}, onAgent?: (agent: Agent) => void): Promise<StartResult> {
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
  onAgent?.(agent);
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
