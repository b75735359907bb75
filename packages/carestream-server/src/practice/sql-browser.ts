import { createSocket } from 'node:dgram';
import { AgentError } from '../runtime/index.ts';

/** An instance of SQL Server, as its machine's SQL Server Browser tells it. */
export interface BrowserInstance {
  readonly server: string;
  readonly instance: string;
  readonly version?: string;
  /** Absent where the instance does not listen on TCP. */
  readonly tcpPort?: number;
}

/** Where to ask, and how long to wait. */
export interface BrowserQuestion {
  readonly host: string;
  /** 1434 unless told ([MC-SQLR] 1.9). */
  readonly port?: number;
  readonly waitMs: number;
  /** Asks every machine of the network; answers are gathered until the wait is over. */
  readonly broadcast?: boolean;
}

const browserPort = 1434;
/** [MC-SQLR] 2.2.1, 2.2.2: one byte, to all machines or to one. */
const toAll = Uint8Array.of(0x02);
const toOne = Uint8Array.of(0x03);
/** [MC-SQLR] 2.2.5: what an answer begins with. */
const answerSign = 0x05;
const headerBytes = 3;
/** A datagram may get lost, and SQL Server Browser starts slowly. */
const sendings = 3;
/** More than any machine has. */
const instancesMost = 200;

/**
 * Asks SQL Server Browser which instances there are. Nobody answering is no error: the list is empty.
 * @throws the signal's reason
 */
export async function askBrowser(question: BrowserQuestion, signal: AbortSignal): Promise<BrowserInstance[]> {
  signal.throwIfAborted();
  const { host, port = browserPort, waitMs, broadcast = false } = question;
  const socket = createSocket({ type: host.includes(':') ? 'udp6' : 'udp4' });
  const found = new Map<string, BrowserInstance>();
  const over = Promise.withResolvers<void>();
  let finished = false;
  const end = (): void => over.resolve();
  // An unknown name, or a port that is closed: the same as silence.
  socket.on('error', end);
  socket.on('message', (message) => {
    for (const each of parseBrowserAnswer(message)) {
      if (found.size < instancesMost) found.set(`${each.server}\\${each.instance}`.toUpperCase(), each);
    }
    if (!broadcast && found.size > 0) end();
  });
  signal.addEventListener('abort', end, { once: true });
  const silence = AbortSignal.timeout(waitMs);
  silence.addEventListener('abort', end, { once: true });
  try {
    socket.bind(0, () => {
      if (broadcast) socket.setBroadcast(true);
      const send = (): void => {
        try {
          socket.send(broadcast ? toAll : toOne, port, host, (error) => (error === null ? undefined : end()));
        } catch {
          end();
        }
      };
      send();
      for (let again = 1; again < sendings; again += 1) {
        const later = AbortSignal.timeout(Math.ceil((waitMs * again) / (sendings + 1)));
        later.addEventListener('abort', () => {
          if (!finished) send();
        });
      }
    });
    await over.promise;
  } finally {
    finished = true;
    signal.removeEventListener('abort', end);
    silence.removeEventListener('abort', end);
    socket.close();
  }
  signal.throwIfAborted();
  return [...found.values()];
}

/**
 * The port of a named instance.
 * @throws AgentError PRACTICE_INSTANCE_NOT_FOUND
 */
export async function portOfInstance(
  wanted: {
    readonly server: string;
    readonly instance: string;
    readonly browserPort?: number | undefined;
    readonly waitMs: number;
  },
  signal: AbortSignal,
): Promise<number> {
  const { server, instance, browserPort: port, waitMs } = wanted;
  const told = await askBrowser({ host: server, waitMs, ...(port === undefined ? {} : { port }) }, signal);
  const found = told.find((each) => each.instance.toUpperCase() === instance.toUpperCase());
  if (found?.tcpPort !== undefined) return found.tcpPort;
  const reason =
    told.length === 0
      ? 'SQL Server Browser does not answer'
      : found === undefined
        ? 'SQL Server Browser does not know it'
        : 'it does not listen on TCP';
  throw new AgentError('PRACTICE_INSTANCE_NOT_FOUND', { details: { host: `${server}\\${instance}`, reason } });
}

/**
 * Reads an answer: `ServerName;R4;InstanceName;SQLEXPRESS;IsClustered;No;Version;10.50.4000.0;tcp;49172;;` for each instance.
 * What cannot be read is left out.
 */
export function parseBrowserAnswer(message: Uint8Array): BrowserInstance[] {
  if (message.length < headerBytes || message[0] !== answerSign) return [];
  const size = (message[1] ?? 0) | ((message[2] ?? 0) << 8);
  const text = Buffer.from(message.subarray(headerBytes, headerBytes + size)).toString('latin1');
  return text.split(';;').flatMap((part) => {
    const words = part.split(';');
    const fields = new Map<string, string>();
    for (let at = 0; at + 1 < words.length; at += 2)
      fields.set((words[at] ?? '').toLowerCase(), (words[at + 1] ?? '').trim());
    const server = fields.get('servername');
    const instance = fields.get('instancename');
    if (!isName(server) || !isName(instance)) return [];
    const port = Number(fields.get('tcp'));
    const version = fields.get('version');
    return {
      server,
      instance,
      ...(version !== undefined && /^[\d.]{1,20}$/.test(version) ? { version } : {}),
      ...(Number.isInteger(port) && port > 0 && port < 65_536 ? { tcpPort: port } : {}),
    };
  });
}

/** A name that may stand in a connection string: anybody on the network can send an answer. */
const isName = (text: string | undefined): text is string => text !== undefined && /^[\w.$#@-]{1,128}$/.test(text);
