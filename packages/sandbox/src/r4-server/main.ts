/** The R4 server as a process of its own. */
import { createInterface } from 'node:readline';
import { ArgumentError, asFault, readArguments, usage, type ServerArguments } from './arguments.ts';
import { createR4Server, type R4Server, type TdsEvent } from './index.ts';

const print = (line: object): void => {
  process.stdout.write(`${JSON.stringify(line)}\n`);
};

const complain = (message: string): void => {
  process.stderr.write(`${message}\n`);
};

const plainEvent = (event: TdsEvent): object =>
  event.kind === 'internal-error'
    ? { ...event, error: event.error instanceof Error ? event.error.stack : String(event.error) }
    : event;

/** Follows one command. @returns true when the server is to stop */
const follow = (server: R4Server, command: unknown): boolean => {
  if (typeof command !== 'object' || command === null) throw new ArgumentError('A command is a JSON object.');
  if ('fault' in command) server.faults.add(asFault(command.fault));
  else if ('clearFaults' in command) server.faults.clear();
  else if ('stop' in command) return true;
  else throw new ArgumentError('A command is { "fault": {…} }, { "clearFaults": true } or { "stop": true }.');
  return false;
};

const serve = async ({ server: options, faults, untilStdinCloses, events }: ServerArguments): Promise<void> => {
  const startedAt = performance.now();
  await using server = await createR4Server({
    ...options,
    ...(events ? { onEvent: (event: TdsEvent) => print({ event: 'tds', ...plainEvent(event) }) } : {}),
  });
  for (const fault of faults) server.faults.add(fault);

  const { promise: stopped, resolve: stop } = Promise.withResolvers<void>();
  const take = (read: () => unknown): void => {
    try {
      if (follow(server, read())) stop();
      else print({ event: 'done', faults: server.faults.active().length });
    } catch (error) {
      print({ event: 'refused', reason: error instanceof Error ? error.message : String(error) });
    }
  };
  const lines = createInterface({ input: process.stdin });
  lines.on('line', (line) => {
    if (line.trim() !== '') take(() => JSON.parse(line));
  });
  lines.on('close', () => {
    if (untilStdinCloses) stop();
  });
  process.on('message', (message) => take(() => message));
  process.on('disconnect', stop);
  process.once('SIGTERM', stop);
  process.once('SIGINT', stop);

  const { host, port, practice, dialect } = server;
  print({
    event: 'listening',
    host,
    port,
    dialect: dialect.name,
    seed: practice.seed,
    patients: practice.patients,
    tls: options.tls ?? 'off',
    connectionString: server.connectionString(server.logins[0]?.user),
    startedInMs: Math.round(performance.now() - startedAt),
  });
  await stopped;
  lines.close();
  process.stdin.pause();
  process.removeAllListeners('message');
  if (process.connected) process.disconnect();
};

const main = async (): Promise<number> => {
  try {
    const args = readArguments(process.argv.slice(2));
    if (args === 'help') process.stdout.write(usage);
    else await serve(args);
    return 0;
  } catch (error) {
    if (error instanceof ArgumentError) {
      complain(`${error.message}\n\n${usage}`);
      return 2;
    }
    const code = (error as NodeJS.ErrnoException).code;
    if (code === 'EADDRINUSE') complain('The port is taken. Give another one with --port, or 0 for any free one.');
    else if (code === 'EACCES')
      complain('This port may not be used. Ports below 1024 need rights; give a higher one with --port.');
    else if (code === 'EADDRNOTAVAIL')
      complain('This machine does not have that address. Give one of its own with --host.');
    else complain(error instanceof Error ? (error.stack ?? error.message) : String(error));
    return code === 'EADDRINUSE' || code === 'EACCES' || code === 'EADDRNOTAVAIL' ? 2 : 1;
  }
};

// Whoever started the server may be gone when it has something to say.
process.stdout.on('error', () => undefined);

process.exitCode = await main();
