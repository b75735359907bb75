import { hostEnvironment } from '../contract/host.ts';
import { AgentError, isAgentError } from '../runtime/index.ts';
import { readConfigFile } from './config-file.ts';
import { readConfig, type ConfigReading } from './config.ts';

/** The configuration of a command: the file that it names, or else `config.json` in the folder that the environment names. */
export function configurationOf(
  file: string | undefined,
  environment: Readonly<Record<string, string | undefined>>,
): ConfigReading {
  const path = file ?? `${environment[hostEnvironment.dataDir] || '.'}/config.json`;
  try {
    return readConfig({ file: path, content: readConfigFile(path), environment });
  } catch (error) {
    const failure = isAgentError(error) ? error : new AgentError('CRASH', { cause: error });
    return { outcome: 'invalid', failures: [failure] };
  }
}
