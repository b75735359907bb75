import { closingOf, examine, examineBroken, grantScript, jsonOf, lineOf, type GrantAccount } from '../doctor/index.ts';
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
  const refuse = (failures: readonly AgentError[]): number => {
    const broken = examineBroken(failures);
    if (json) say(`${jsonOf(broken)}\n`);
    else say(broken.checks.map((result) => lineOf(result, coloured)).join('') + closingOf(broken));
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
    say(`${await scriptOf(ports, options.grantScript)}\n`);
    return 0;
  }
  if (!json) say(`carestream-server ${version}, doctor\n\n`);
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

/** The script alone. Where R4 can be read already, it names exactly the tables in use. */
async function scriptOf(ports: ReturnType<typeof portsOf>, account: true | string): Promise<string> {
  const who: GrantAccount =
    account === true ? ports.account : { kind: account.includes('\\') ? 'windows' : 'sql', name: account };
  const { database } = ports;
  try {
    const { reader } = await ports.openPractice(async () => ({}), AbortSignal.timeout(40_000));
    await using _ = reader;
    return grantScript(who, { database, schema: reader.schema });
  } catch {
    return grantScript(who, { database, schema: null });
  }
}
