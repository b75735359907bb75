import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { places } from './agent-interface.ts';
import { createHostLog } from './host-log.ts';
import { takeHostLock } from './host-lock.ts';
import { supervise } from './supervisor.ts';
import { hostTimes, readTimes } from './times.ts';

const usage = `node supervisor.mjs --install-dir DIR --data-dir DIR
  --config FILE      the agent's configuration (<data>/config.json)
  --node FILE        the Node.js that runs the agent (the one that runs this)
  --times JSON|FILE  other times than a practice's
  --no-stdin         do not stop when standard input closes
`;

/** Another host has the data folder. */
const busyExit = 3;
const lookAgainMs = 250;
const lingerMs = 500;

process.exitCode = await main(process.argv.slice(2));
// Nothing is left to do. Should something hold the process all the same, this ends it.
process.stdin.destroy();
setTimeout(() => process.exit(), lingerMs).unref();

async function main(words: string[]): Promise<number> {
  // Node's remarks on its own parts are of no use to anybody here.
  process.removeAllListeners('warning');
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);
  let settings: Settings;
  try {
    settings = readSettings(words);
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n${usage}`);
    return 2;
  }
  const { dirs, times } = settings;
  try {
    for (const place of ['', 'state', places.versions, places.logs]) {
      mkdirSync(path.join(dirs.dataDir, place), { recursive: true });
    }
  } catch {
    // What cannot be made may be there already; if not, it is told of below.
  }
  const log = createHostLog(dirs.dataDir, {
    now: () => Date.now(),
    tell: (line) => {
      try {
        process.stdout.write(`${line}\n`);
      } catch {
        // Nobody reads it.
      }
    },
  });
  const stop = listenForStop(settings.stdin);
  const deadline = performance.now() + times.lockWaitMs;
  let lock = takeHostLock(dirs.dataDir);
  if (lock.outcome === 'busy') log.write({ event: 'host-waits', reason: 'another host has this data folder' });
  while (lock.outcome === 'busy' && performance.now() < deadline && !stop.aborted) {
    await new Promise((resolve) => setTimeout(resolve, lookAgainMs));
    lock = takeHostLock(dirs.dataDir);
  }
  if (stop.aborted) return 0;
  if (lock.outcome === 'busy') {
    process.stderr.write(`another host has the data folder ${dirs.dataDir}\n`);
    return busyExit;
  }
  try {
    await supervise({ log, now: () => performance.now() }, settings, stop);
  } finally {
    if (lock.outcome === 'taken') lock.release();
  }
  return 0;
}

interface Settings {
  readonly dirs: { readonly installDir: string; readonly dataDir: string; readonly keysFile: string };
  readonly configFile: string;
  readonly node: string;
  readonly times: typeof hostTimes;
  readonly stdin: boolean;
}

function readSettings(words: string[]): Settings {
  const { values } = parseArgs({
    args: words,
    options: {
      'install-dir': { type: 'string' },
      'data-dir': { type: 'string' },
      config: { type: 'string' },
      node: { type: 'string' },
      times: { type: 'string' },
      'no-stdin': { type: 'boolean' },
    },
  });
  const installDir = values['install-dir'];
  const dataDir = values['data-dir'];
  if (installDir === undefined || dataDir === undefined) throw new Error('--install-dir and --data-dir are needed');
  const dirs = {
    installDir: path.resolve(installDir),
    dataDir: path.resolve(dataDir),
    keysFile: path.join(path.resolve(installDir), places.keysFile),
  };
  return {
    dirs,
    configFile: path.resolve(values.config ?? path.join(dirs.dataDir, places.config)),
    node: values.node ?? process.execPath,
    times: values.times === undefined ? hostTimes : readTimes(values.times),
    stdin: values['no-stdin'] !== true,
  };
}

/** The end of standard input is the one order to stop that every system has; signals where there are any. */
function listenForStop(stdin: boolean): AbortSignal {
  const stop = new AbortController();
  const onStop = (): void => stop.abort();
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, onStop);
  if (!stdin) return stop.signal;
  for (const event of ['end', 'close', 'error'] as const) process.stdin.once(event, onStop);
  process.stdin.resume();
  return stop.signal;
}
