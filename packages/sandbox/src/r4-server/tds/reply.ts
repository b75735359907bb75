import { setImmediate as turnOfLoop } from 'node:timers/promises';
import { createByteWriter } from './byte-writer.ts';
import type { ByteWriter } from './byte-writer.ts';
import { PACKET, PACKET_HEADER_BYTES, writePacketHeader } from './packet.ts';

/** Where packets go: a socket, or TLS over one. */
export interface PacketSink {
  /** Takes the bytes over until `sent` is called; resolves once more may be written, or the connection is gone. */
  write(packets: Buffer, sent: () => void): Promise<void> | undefined;
  readonly closed: boolean;
}

/** Bytes gathered before packets are cut and sent. */
export const FLUSH_BYTES = 65_536;
/** A buffer grown by one huge value is not kept. */
const KEEP_BYTES = 1_048_576;

/** The server's answers on one connection: tokens are written to `out`, cut into packets, and sent with backpressure. */
export interface Reply {
  readonly out: ByteWriter;
  packetBytes: number;
  /** Payload bytes sent in this message so far. */
  readonly sentBytes: number;
  /** Sends the full packets so far, waits until the client reads, and lets other connections and an attention have their turn. */
  flush(): Promise<void>;
  /** Sends the rest and ends the message. */
  end(): Promise<void>;
  /** Drops what was not sent. */
  discard(): void;
  /** Sends everything written so far as unfinished packets: for faults that cut the connection in the middle. */
  spill(): Promise<void>;
}

export function createReply(sink: PacketSink, spid: number): Reply {
  const out = createByteWriter(FLUSH_BYTES + 16_384);
  const spare: Buffer[] = [];
  let sequence = 0;
  let sentBytes = 0;

  const acquire = (bytes: number): Buffer => {
    const reused = spare.pop();
    return reused !== undefined && reused.length >= bytes
      ? reused
      : Buffer.allocUnsafeSlow(Math.max(bytes, FLUSH_BYTES + 32_768));
  };

  const send = (payloadBytes: number, last: boolean): Promise<void> | undefined => {
    const bodyBytes = reply.packetBytes - PACKET_HEADER_BYTES;
    const packets = Math.max(1, Math.ceil(payloadBytes / bodyBytes));
    const total = payloadBytes + packets * PACKET_HEADER_BYTES;
    const target = acquire(total);
    let from = 0;
    let to = 0;
    for (let index = 1; index <= packets; index += 1) {
      const body = Math.min(bodyBytes, payloadBytes - from);
      sequence = (sequence + 1) & 0xff;
      const header = {
        type: PACKET.reply,
        last: last && index === packets,
        lengthBytes: body + PACKET_HEADER_BYTES,
        spid,
        sequence,
      };
      writePacketHeader(target, to, header);
      out.buffer.copy(target, to + PACKET_HEADER_BYTES, from, from + body);
      from += body;
      to += body + PACKET_HEADER_BYTES;
    }
    out.buffer.copyWithin(0, payloadBytes, out.position);
    out.position -= payloadBytes;
    if (out.position === 0 && out.buffer.length > KEEP_BYTES) out.buffer = Buffer.allocUnsafeSlow(FLUSH_BYTES + 16_384);
    sentBytes += payloadBytes;
    return sink.write(target.subarray(0, total), () => {
      if (spare.length < 2 && target.length <= KEEP_BYTES) spare.push(target);
    });
  };

  const reply: Reply = {
    out,
    packetBytes: 4096,
    get sentBytes() {
      return sentBytes;
    },
    flush: async () => {
      const bodyBytes = reply.packetBytes - PACKET_HEADER_BYTES;
      // At least a byte stays for the last packet, which ends the message.
      const full = Math.floor((out.position - 1) / bodyBytes) * bodyBytes;
      if (full > 0) await send(full, false);
      await turnOfLoop();
    },
    end: async () => {
      await send(out.position, true);
      sequence = 0;
      sentBytes = 0;
    },
    discard: () => {
      out.position = 0;
    },
    spill: async () => {
      if (out.position > 0) await send(out.position, false);
    },
  };
  return reply;
}
