import { ProtocolError } from './protocol-error.ts';

/** Packet types ([MS-TDS] 2.2.3.1.1). */
export const PACKET = {
  batch: 0x01,
  rpc: 0x03,
  reply: 0x04,
  attention: 0x06,
  bulkLoad: 0x07,
  transaction: 0x0e,
  login7: 0x10,
  sspi: 0x11,
  prelogin: 0x12,
} as const;

/** Packet status bits ([MS-TDS] 2.2.3.1.2). */
export const STATUS = { endOfMessage: 0x01, ignore: 0x02, resetConnection: 0x08, resetKeepTransaction: 0x10 } as const;

export const PACKET_HEADER_BYTES = 8;
export const DEFAULT_PACKET_BYTES = 4096;
export const SMALLEST_PACKET_BYTES = 512;
export const LARGEST_PACKET_BYTES = 32_767;

const KNOWN_TYPES: ReadonlySet<number> = new Set(Object.values(PACKET));

/** One whole message of the client. */
export interface Message {
  readonly type: number;
  /** Status bits of all its packets together. */
  readonly status: number;
  readonly payload: Buffer;
}

export interface MessageReader {
  /** @throws ProtocolError when the bytes are no packets, or the message grows past the limit. */
  push(chunk: Buffer): void;
  /** Bytes of the unfinished message. */
  heldBytes(): number;
}

export interface MessageReaderOptions {
  /** Asked at each packet: before login much less is accepted than after. */
  readonly maxMessageBytes: () => number;
  readonly onMessage: (message: Message) => void;
}

/** Puts packets together into messages. The payload is copied into one growing buffer, so that many tiny packets cost no more than one. */
export function createMessageReader(options: MessageReaderOptions): MessageReader {
  const header = Buffer.alloc(PACKET_HEADER_BYTES);
  let headerFilled = 0;
  let bodyLeft = 0;
  let type = -1;
  let status = 0;
  let body = Buffer.alloc(0);
  let bodyFilled = 0;

  const startPacket = (): void => {
    const packetType = header.readUInt8(0);
    const length = header.readUInt16BE(2);
    if (!KNOWN_TYPES.has(packetType)) throw new ProtocolError(`packet type 0x${packetType.toString(16)} is not known`);
    if (length < PACKET_HEADER_BYTES || length > LARGEST_PACKET_BYTES)
      throw new ProtocolError(`a packet of ${length} bytes`);
    if (type !== -1 && packetType !== type) throw new ProtocolError(`packet type changed within a message`);
    type = packetType;
    status |= header.readUInt8(1);
    bodyLeft = length - PACKET_HEADER_BYTES;
    const limit = options.maxMessageBytes();
    if (bodyFilled + bodyLeft > limit) throw new ProtocolError(`a message of more than ${limit} bytes`);
  };

  const keep = (part: Buffer): void => {
    if (bodyFilled + part.length > body.length) {
      const larger = Buffer.allocUnsafeSlow(Math.max(4096, body.length * 2, bodyFilled + part.length));
      body.copy(larger, 0, 0, bodyFilled);
      body = larger;
    }
    part.copy(body, bodyFilled);
    bodyFilled += part.length;
  };

  const finishPacket = (): void => {
    headerFilled = 0;
    if ((header.readUInt8(1) & STATUS.endOfMessage) === 0) return;
    const message: Message = { type, status, payload: body.subarray(0, bodyFilled) };
    type = -1;
    status = 0;
    body = Buffer.alloc(0);
    bodyFilled = 0;
    options.onMessage(message);
  };

  return {
    heldBytes: () => bodyFilled,
    push: (chunk) => {
      let at = 0;
      while (at < chunk.length) {
        if (headerFilled < PACKET_HEADER_BYTES) {
          const taken = Math.min(PACKET_HEADER_BYTES - headerFilled, chunk.length - at);
          chunk.copy(header, headerFilled, at, at + taken);
          headerFilled += taken;
          at += taken;
          if (headerFilled < PACKET_HEADER_BYTES) return;
          startPacket();
        }
        const taken = Math.min(bodyLeft, chunk.length - at);
        if (taken > 0) keep(chunk.subarray(at, at + taken));
        bodyLeft -= taken;
        at += taken;
        if (bodyLeft === 0) finishPacket();
      }
    },
  };
}

/** What goes into the header of an outgoing packet. */
export interface PacketHeader {
  readonly type: number;
  readonly last: boolean;
  readonly lengthBytes: number;
  readonly spid: number;
  readonly sequence: number;
}

export function writePacketHeader(target: Buffer, at: number, header: PacketHeader): void {
  target[at] = header.type;
  target[at + 1] = header.last ? STATUS.endOfMessage : 0;
  target[at + 2] = header.lengthBytes >>> 8;
  target[at + 3] = header.lengthBytes;
  target[at + 4] = header.spid >>> 8;
  target[at + 5] = header.spid;
  target[at + 6] = header.sequence;
  target[at + 7] = 0;
}
