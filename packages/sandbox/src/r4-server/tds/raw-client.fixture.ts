import { once } from 'node:events';
import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { createMessageReader, PACKET_HEADER_BYTES, PACKET } from './packet.ts';
import type { Message } from './packet.ts';

/** One packet as a client sends it; the end of its message unless told. */
export function clientPacket(type: number, body: Uint8Array, status = 1): Buffer {
  const header = Buffer.alloc(PACKET_HEADER_BYTES);
  header.writeUInt8(type, 0);
  header.writeUInt8(status, 1);
  header.writeUInt16BE(body.length + PACKET_HEADER_BYTES, 2);
  return Buffer.concat([header, body]);
}

const utf16 = (text: string): Buffer => Buffer.from(text, 'utf16le');
const scramble = (password: string): Buffer =>
  Buffer.from(utf16(password).map((byte) => (((byte << 4) | (byte >>> 4)) & 0xff) ^ 0xa5));

/** The body of a PRELOGIN: version and encryption. */
export function preloginBody(encryption: number): Buffer {
  return Buffer.from([0, 0, 11, 0, 6, 1, 0, 17, 0, 1, 0xff, 10, 50, 0, 0, 0, 0, encryption]);
}

export interface LoginFields {
  readonly user?: string;
  readonly password?: string;
  readonly database?: string;
  readonly applicationName?: string;
  readonly hostName?: string;
  readonly tdsVersion?: number;
  readonly packetSize?: number;
  /** Option flags 2: 0x80 asks for Windows authentication. */
  readonly flags2?: number;
}

/** The body of a LOGIN7, laid out as [MS-TDS] 2.2.6.4 says. */
export function login7Body(fields: LoginFields = {}): Buffer {
  const {
    user = 'sa',
    password = 'secret',
    database = 'sys2000',
    applicationName = 'raw',
    hostName = 'here',
    tdsVersion = 0x730b0003,
    packetSize = 4096,
    flags2 = 0,
  } = fields;
  const fixed = Buffer.alloc(94);
  fixed.writeUInt32LE(tdsVersion, 4);
  fixed.writeUInt32LE(packetSize, 8);
  fixed.writeUInt8(flags2, 25);
  const places: [at: number, data: Buffer][] = [
    [36, utf16(hostName)],
    [40, utf16(user)],
    [44, scramble(password)],
    [48, utf16(applicationName)],
    [52, utf16('server')],
    [60, utf16('library')],
    [64, utf16('')],
    [68, utf16(database)],
  ];
  let offset = fixed.length;
  for (const [at, data] of places) {
    fixed.writeUInt16LE(offset, at);
    fixed.writeUInt16LE(data.length / 2, at + 2);
    offset += data.length;
  }
  fixed.writeUInt32LE(offset, 0);
  return Buffer.concat([fixed, ...places.map(([, data]) => data)]);
}

/** ALL_HEADERS with a transaction descriptor, as every client sends it. */
export const HEADERS = Buffer.from([22, 0, 0, 0, 18, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0]);

export const batchBody = (text: string): Buffer => Buffer.concat([HEADERS, utf16(text)]);

/** A client that sends bytes and collects messages. */
export interface RawClient {
  readonly socket: Socket;
  readonly received: Message[];
  send(bytes: Uint8Array): void;
  /** The next message; undefined once the server has closed. */
  next(): Promise<Message | undefined>;
  login(fields?: LoginFields): Promise<void>;
  closed(): Promise<void>;
  [Symbol.dispose](): void;
}

export async function connectRaw(port: number): Promise<RawClient> {
  const socket = connect(port, '127.0.0.1');
  socket.on('error', () => undefined);
  await once(socket, 'connect');
  const received: Message[] = [];
  let ended = false;
  let taken = 0;
  const isEnded = (): boolean => ended;
  let wake = (): void => undefined;
  const reader = createMessageReader({
    maxMessageBytes: () => 1e9,
    onMessage: (message) => {
      received.push({ ...message, payload: Buffer.from(message.payload) });
      wake();
    },
  });
  socket.on('data', (chunk: Buffer) => reader.push(chunk));
  socket.on('close', () => {
    ended = true;
    wake();
  });
  const client: RawClient = {
    socket,
    received,
    send: (bytes) => void socket.write(bytes),
    next: async () => {
      while (received.length <= taken && !isEnded()) {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
      taken += 1;
      return received[taken - 1];
    },
    login: async (fields) => {
      client.send(clientPacket(PACKET.login7, login7Body(fields)));
      await client.next();
    },
    closed: async () => {
      if (!ended) await new Promise((resolve) => socket.once('close', resolve));
    },
    [Symbol.dispose]: () => void socket.destroy(),
  };
  return client;
}
