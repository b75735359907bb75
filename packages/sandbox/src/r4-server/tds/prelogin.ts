import { createByteReader } from './byte-reader.ts';
import { ProtocolError } from './protocol-error.ts';

/** ENCRYPTION option values ([MS-TDS] 2.2.6.5). */
export const ENCRYPT = { off: 0, on: 1, notSupported: 2, required: 3 } as const;

const OPTION = { version: 0, encryption: 1, instance: 2, threadId: 3, mars: 4, terminator: 0xff } as const;

export interface Prelogin {
  readonly encryption: number;
}

/** Reads the client's PRELOGIN: a table of options, each with an offset and a length, then their data. */
export function parsePrelogin(payload: Buffer): Prelogin {
  const reader = createByteReader(payload);
  let encryption: number = ENCRYPT.notSupported;
  for (;;) {
    const token = reader.u8();
    if (token === OPTION.terminator) break;
    const offset = reader.u8() * 256 + reader.u8();
    const length = reader.u8() * 256 + reader.u8();
    if (offset + length > payload.length) throw new ProtocolError('a PRELOGIN option lies outside the packet');
    // The high bits ask for client certificates, which 2008 R2 does not know.
    if (token === OPTION.encryption && length > 0) encryption = payload.readUInt8(offset) & 0x0f;
  }
  return { encryption };
}

export interface ServerVersion {
  readonly major: number;
  readonly minor: number;
  readonly build: number;
}

/** The server's PRELOGIN answer. MARS is always refused. */
export function writePrelogin(version: ServerVersion, encryption: number): Buffer {
  const options: [token: number, data: Buffer][] = [
    [OPTION.version, Buffer.from([version.major, version.minor, version.build >>> 8, version.build & 0xff, 0, 0])],
    [OPTION.encryption, Buffer.from([encryption])],
    [OPTION.instance, Buffer.from([0])],
    [OPTION.threadId, Buffer.alloc(0)],
    [OPTION.mars, Buffer.from([0])],
  ];
  let offset = options.length * 5 + 1;
  const table: number[] = [];
  for (const [token, data] of options) {
    table.push(token, offset >>> 8, offset & 0xff, data.length >>> 8, data.length & 0xff);
    offset += data.length;
  }
  table.push(OPTION.terminator);
  return Buffer.concat([Buffer.from(table), ...options.map(([, data]) => data)]);
}

/** What the server can do and insists on. */
export type EncryptionPolicy = 'none' | 'offered' | 'forced';

/** How a connection goes on after PRELOGIN. */
export interface EncryptionAgreement {
  readonly answer: number;
  readonly scope: 'none' | 'login-only' | 'whole-connection';
}

/** The table of [MS-TDS] 2.2.6.5, server side. */
export function agreeEncryption(policy: EncryptionPolicy, asked: number): EncryptionAgreement {
  if (policy === 'none') return { answer: ENCRYPT.notSupported, scope: 'none' };
  const wanted = asked === ENCRYPT.on || asked === ENCRYPT.required;
  if (wanted) return { answer: ENCRYPT.on, scope: 'whole-connection' };
  if (policy === 'forced') return { answer: ENCRYPT.required, scope: 'whole-connection' };
  if (asked === ENCRYPT.off) return { answer: ENCRYPT.off, scope: 'login-only' };
  return { answer: ENCRYPT.notSupported, scope: 'none' };
}
