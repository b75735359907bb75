import { createByteReader } from './byte-reader.ts';
import { DEFAULT_PACKET_BYTES, LARGEST_PACKET_BYTES, SMALLEST_PACKET_BYTES } from './packet.ts';
import { ProtocolError } from './protocol-error.ts';

/** What a LOGIN7 message says ([MS-TDS] 2.2.6.4). */
export interface Login7 {
  readonly tdsVersion: number;
  readonly packetSize: number;
  readonly hostName: string;
  readonly user: string;
  readonly password: string;
  readonly applicationName: string;
  readonly language: string;
  readonly database: string;
  /** Windows authentication was asked for. */
  readonly integrated: boolean;
}

const FIXED_BYTES = 94;
const INTEGRATED_SECURITY = 0x80;

export function parseLogin7(payload: Buffer): Login7 {
  const reader = createByteReader(payload);
  const length = reader.u32();
  if (length > payload.length || length < FIXED_BYTES - 8)
    throw new ProtocolError(`LOGIN7 says ${length} bytes of ${payload.length}`);
  const tdsVersion = reader.u32();
  const packetSize = reader.u32();
  reader.skip(12); // client version, process id, connection id
  reader.skip(1); // option flags 1
  const flags2 = reader.u8();
  reader.skip(10); // type flags, option flags 3, time zone, locale

  const place = (): Buffer => {
    const offset = reader.u16();
    const bytes = reader.u16() * 2;
    if (bytes === 0) return Buffer.alloc(0);
    if (offset + bytes > payload.length) throw new ProtocolError('a LOGIN7 field lies outside the message');
    return payload.subarray(offset, offset + bytes);
  };
  const text = (): string => place().toString('utf16le');
  const hostName = text();
  const user = text();
  const password = unscramble(place());
  const applicationName = text();
  place(); // server name
  reader.skip(4); // extension block (7.4): ignored, 2008 R2 knows none
  place(); // client library
  const language = text();
  const database = text();
  return {
    tdsVersion,
    packetSize,
    hostName,
    user,
    password,
    applicationName,
    language,
    database,
    integrated: (flags2 & INTEGRATED_SECURITY) !== 0,
  };
}

/** Each byte was nibble-swapped, then XORed with 0xA5 ([MS-TDS] 2.2.6.4). */
function unscramble(scrambled: Buffer): string {
  const plain = Buffer.alloc(scrambled.length);
  for (const [index, byte] of scrambled.entries()) {
    const mixed = byte ^ 0xa5;
    plain[index] = ((mixed << 4) | (mixed >>> 4)) & 0xff;
  }
  return plain.toString('utf16le');
}

/** Under TLS the real server allows 16,383 at most; zero asks for its default. */
export function negotiatePacketSize(asked: number, encrypted: boolean): number {
  if (asked === 0) return DEFAULT_PACKET_BYTES;
  return Math.min(Math.max(asked, SMALLEST_PACKET_BYTES), encrypted ? 16_383 : LARGEST_PACKET_BYTES);
}
