import { closingOf, examine, examineBroken, grantScript, jsonOf, lineOf, type GrantAccount } from '../doctor/index.ts';
import { noSuchDatabase, type NeededGrants } from '../practice/index.ts';
import { AgentError, isAgentError } from '../runtime/index.ts';
import { createSystemClock } from '../runtime/system-clock.ts';
import { version } from '../version.ts';
import type { AgentConfig } from './config.ts';
import { configurationOf } from './configuration-of.ts';
import { createDoctorPorts } from './doctor-ports.ts';
import { applyProxy, proxyVariablesOf, trustSystemCertificates } from './network.ts';

/** What the command line says. */
export interface DoctorOptions {
  readonly config?: string;
  readonly json?: boolean;
  /** True for the account of the configuration; a name for another one. */
  readonly grantScript?: boolean | string;
}

/** Runs `doctor` as a process. Resolves to the exit code: 0, 1 for warnings, 2 for failures. */
export async function runDoctor(options: DoctorOptions): Promise<number> {
  // oxlint-disable-next-line eslint/no-restricted-properties -- the command line reads the environment
  const environment = process.env;
  const json = options.json === true;
  const coloured = process.stdout.isTTY && !environment['NO_COLOR'] && environment['TERM'] !== 'dumb';
  const say = (text: string): void => void process.stdout.write(text);
  const reading = configurationOf(options.config, environment);
  const headline = `carestream-server ${version}, doctor\n\n`;
  const refuse = (failures: readonly AgentError[]): number => {
    const broken = examineBroken(failures);
    if (json) say(`${jsonOf(broken)}\n`);
    else say(headline + broken.checks.map((result) => lineOf(result, coloured)).join('') + closingOf(broken));
    return broken.exitCode;
  };
  if (reading.outcome === 'invalid') return refuse(reading.failures);
  let ports;
  try {
    ports = portsOf(reading.config, environment);
  } catch (error) {
    if (isAgentError(error)) return refuse([error]);
    throw error;
  }
  if (options.grantScript !== undefined && options.grantScript !== false) {
    try {
      say(`${await scriptOf(ports, options.grantScript)}\n`);
      return 0;
    } catch (error) {
      if (!isAgentError(error)) throw error;
      process.stderr.write(`carestream-server: ${error.message}\n`);
      return 2;
    }
  }
  if (!json) say(headline);
  const examination = await examine(ports, (result) => {
    if (!json) say(lineOf(result, coloured));
  });
  say(json ? `${jsonOf(examination)}\n` : closingOf(examination));
  return examination.exitCode;
}

function portsOf(config: AgentConfig, environment: Readonly<Record<string, string | undefined>>) {
  const proxy = proxyVariablesOf(config.proxy, environment);
  if (proxy) applyProxy(proxy);
  trustSystemCertificates();
  return createDoctorPorts(config, { clock: createSystemClock(), proxy, environment });
}

/**
 * The script alone. Where R4 can be read already, it names exactly the tables in use.
 * @throws AgentError PRACTICE_DATABASE_UNAVAILABLE where there is no database of that name, for which no script is any use
 */
async function scriptOf(ports: ReturnType<typeof portsOf>, account: true | string): Promise<string> {
  const who: GrantAccount =
    account === true ? ports.account : { kind: account.includes('\\') ? 'windows' : 'sql', name: account };
  const { database } = ports;
  let grants: NeededGrants | null = null;
  try {
    const { reader } = await ports.openPractice(async () => ({}), AbortSignal.timeout(40_000));
    await using _ = reader;
    ({ grants } = reader.schema);
  } catch (error) {
    if (isAgentError(error) && error.details['reason'] === noSuchDatabase) throw error;
  }
  return grantScript(who, { database, grants });
}
