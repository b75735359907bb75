import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { root } from '../steps.ts';

/** What somebody who installed the package writes; each line is checked by the compiler, and most of it runs. */
const program = `
import { start, version, parseMessage, serializeMessage, type StartOptions, type StartResult } from '@flynotes/carestream-server';
import { messageSchema, type MessageInput } from '@flynotes/carestream-server/messages';
import { agentNodeFlags, errorTable, exitCodes, hostFiles, licenceRequestSchema } from '@flynotes/carestream-server/api';

const message: MessageInput = { type: 'patient-sync', patientCode: 1_000_123 };
const parsed = parseMessage(serializeMessage(message));
if (parsed.outcome !== 'message' || parsed.message.type !== 'patient-sync') throw new Error('no message');
const code: number = parsed.message.patientCode;
// @ts-expect-error -- a message of a type that there is not
const unknown: MessageInput = { type: 'patient-burn' };
// @ts-expect-error -- a number is no configuration
const wrong: StartOptions = { config: 1 };
const result: StartResult = await start({ config: {}, environment: {} });
const [failure] = result.failures;
console.log(JSON.stringify({
  version, code, exitCode: result.exitCode, reason: result.reason, failure: failure?.code, schema: messageSchema.safeParse(unknown).success,
  wrong: typeof wrong, flags: agentNodeFlags.length, codes: Object.keys(errorTable).length, dayEnd: exitCodes.dayEnd,
  entry: hostFiles.agentEntry, licence: licenceRequestSchema.safeParse({}).success,
}));
`;

const page = `
import { parseMessage, type ConfigInput } from '@flynotes/carestream-server';
import { messageTypes } from '@flynotes/carestream-server/messages';

const config: ConfigInput = { licenceKey: 'x' };
document.title = [parseMessage('').outcome, messageTypes.length, config.licenceKey].join();
`;

const packages = path.join(root, 'node_modules');
const compiler = path.join(packages, '.bin/tsc');

/** Installs a packed package into an empty folder without the network, and uses it. @returns what is wrong */
export function faultsForConsumer(tarball: string, folder: string, version: string): string[] {
  const faults: string[] = [];
  const run = (name: string, command: string, words: readonly string[]): string => {
    const { status, stdout, stderr } = spawnSync(command, words, { cwd: folder, encoding: 'utf8', timeout: 120_000 });
    if (status !== 0) faults.push(`${name} ended with ${String(status)}:\n${stdout}${stderr}`);
    return stdout ?? '';
  };
  writeFileSync(path.join(folder, 'package.json'), JSON.stringify({ private: true, type: 'module' }));
  writeFileSync(path.join(folder, 'consumer.ts'), program);
  writeFileSync(path.join(folder, 'page.ts'), page);
  const quiet = ['--ignore-scripts', '--offline', '--no-audit', '--no-fund', '--silent'];
  run('npm install', 'npm', ['install', ...quiet, tarball, path.join(packages, 'zod')]);
  const strict = ['--noEmit', '--strict', '--exactOptionalPropertyTypes', '--target', 'es2022', '--lib', 'es2024,dom'];
  const types = ['--types', 'node', '--typeRoots', path.join(packages, '@types')];
  for (const resolution of ['nodenext', 'bundler'] as const) {
    const settings = ['--module', resolution === 'bundler' ? 'preserve' : resolution, '--moduleResolution', resolution];
    run(`tsc for ${resolution}`, compiler, [...settings, ...strict, ...types, 'consumer.ts']);
    // Who only wants the messages, in a page, has no types of Node.
    run(`tsc for a page, ${resolution}`, compiler, [...settings, ...strict, '--types', '', 'page.ts']);
  }
  const said = run('node consumer.ts', process.execPath, ['consumer.ts']);
  const told = (faults.length === 0 ? JSON.parse(said) : {}) as Readonly<Record<string, unknown>>;
  const wanted = {
    version,
    code: 1_000_123,
    exitCode: 20,
    reason: 'configuration',
    schema: false,
    dayEnd: 0,
    entry: 'agent/agent.mjs',
    licence: false,
  };
  for (const [key, value] of Object.entries(wanted)) {
    if (told[key] !== value) faults.push(`${key} is ${JSON.stringify(told[key])}, not ${JSON.stringify(value)}`);
  }
  const own = path.join(folder, 'node_modules/.bin/carestream-server');
  if (run('--version', own, ['--version']).trim() !== version) faults.push('--version tells another one');
  if (!run('--help', own, ['--help']).includes('doctor')) faults.push('--help does not know doctor');
  return faults;
}
