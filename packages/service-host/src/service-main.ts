import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { createLinuxService, defaultAccount, type LinuxMachine } from './linux-service.ts';
import { serviceExits, type ServiceAnswer } from './service-control.ts';

const usage = `carestream-service install [--data-dir DIR] [--account NAME] [--install-dir DIR] [-- WORDS FOR THE SUPERVISOR]
carestream-service uninstall [--remove-data]
carestream-service start | stop | status
  --data-dir     what the agent may write (/var/lib/flynotes-agent)
  --account      whom it runs as; made where it is missing (${defaultAccount})
  --install-dir  where the host lies (the folder of this program)
  --root DIR     install into an image instead of this machine
`;

const machine: LinuxMachine = {
  run(program, words) {
    const { status, stdout, stderr, error } = spawnSync(program, words, { encoding: 'utf8' });
    if (error !== undefined) return { exitCode: 127, output: `${program} cannot be run` };
    return { exitCode: status ?? 1, output: `${stdout}${stderr}` };
  },
  exists: existsSync,
  read(file) {
    try {
      return readFileSync(file, 'utf8');
    } catch {
      return null;
    }
  },
  write(file, text, mode) {
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, text, { mode });
  },
  makeFolder(folder, mode) {
    mkdirSync(path.dirname(folder), { recursive: true });
    // An older folder keeps its mode, wider or not: it is the practice's.
    if (!existsSync(folder)) mkdirSync(folder, { mode });
  },
  remove: (file) => rmSync(file, { recursive: true, force: true }),
  isRoot: process.getuid?.() === 0,
};

function main(words: string[]): ServiceAnswer {
  const { values, positionals, tokens } = parseArgs({
    args: words,
    allowPositionals: true,
    tokens: true,
    options: {
      'install-dir': { type: 'string' },
      'data-dir': { type: 'string' },
      account: { type: 'string' },
      root: { type: 'string' },
      'remove-data': { type: 'boolean' },
    },
  });
  const terminator = tokens.find(({ kind }) => kind === 'option-terminator');
  const own = tokens.filter(({ kind, index }) => kind === 'positional' && index < (terminator?.index ?? Infinity));
  const [verb, ...more] = positionals.slice(0, own.length);
  const wrong: ServiceAnswer = { exitCode: serviceExits.usage, text: usage.trimEnd() };
  if (more.length > 0) return wrong;
  if (process.platform !== 'linux') {
    return {
      exitCode: serviceExits.failed,
      text: 'This is for Linux with systemd. On Windows: carestream-service.exe',
    };
  }
  const root = values.root === undefined ? null : path.resolve(values.root);
  const service = createLinuxService(machine, { root, node: process.execPath });
  switch (verb) {
    case 'install':
      return service.install({
        installDir: path.resolve(values['install-dir'] ?? import.meta.dirname),
        dataDir: path.resolve(values['data-dir'] ?? '/var/lib/flynotes-agent'),
        account: values.account ?? defaultAccount,
        words: positionals.slice(own.length),
      });
    case 'uninstall':
      return service.uninstall(values['remove-data'] === true);
    case 'start':
    case 'stop':
    case 'status':
      return service[verb]();
    default:
      return wrong;
  }
}

try {
  const { exitCode, text } = main(process.argv.slice(2));
  const stream = exitCode === serviceExits.failed || exitCode === serviceExits.usage ? process.stderr : process.stdout;
  stream.write(`${text}\n`);
  process.exitCode = exitCode;
} catch (error) {
  process.stderr.write(`carestream-service: ${error instanceof Error ? error.message : 'failed'}\n${usage}`);
  process.exitCode = serviceExits.usage;
}
