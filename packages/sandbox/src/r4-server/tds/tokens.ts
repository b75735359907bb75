import type { SqlServerError } from '../engine.ts';
import { writeBytes, writeLongText, writeShortText, writeU16, writeU32, writeU8 } from './byte-writer.ts';
import type { ByteWriter } from './byte-writer.ts';
import type { ServerVersion } from './prelogin.ts';
import type { TdsVersion } from './tds-version.ts';

/** Token types ([MS-TDS] 2.2.4). */
export const TOKEN_TYPE = {
  returnStatus: 0x79,
  colMetadata: 0x81,
  error: 0xaa,
  info: 0xab,
  returnValue: 0xac,
  loginAck: 0xad,
  row: 0xd1,
  envChange: 0xe3,
  done: 0xfd,
  doneProc: 0xfe,
  doneInProc: 0xff,
} as const;

/** DONE status bits ([MS-TDS] 2.2.7.6). */
export const DONE = {
  final: 0,
  more: 0x01,
  error: 0x02,
  inTransaction: 0x04,
  count: 0x10,
  attention: 0x20,
  serverError: 0x100,
} as const;

/** ENVCHANGE types ([MS-TDS] 2.2.7.9). */
export const ENV = {
  database: 1,
  language: 2,
  packetSize: 4,
  collation: 7,
  begin: 8,
  commit: 9,
  rollback: 10,
  resetAck: 18,
} as const;

/** Writes a token whose length is known only afterwards. */
function sized(out: ByteWriter, type: number, body: () => void): void {
  writeU8(out, type);
  const at = out.position;
  writeU16(out, 0);
  body();
  out.buffer.writeUInt16LE(out.position - at - 2, at);
}

export interface DoneToken {
  readonly type: number;
  readonly status: number;
  readonly command?: number;
  readonly rows?: number;
}

export function writeDone(out: ByteWriter, token: DoneToken, version: TdsVersion): void {
  writeU8(out, token.type);
  writeU16(out, token.status);
  writeU16(out, token.command ?? 0);
  const rows = token.rows ?? 0;
  writeU32(out, rows % 0x1_0000_0000);
  if (version.atLeast72) writeU32(out, Math.floor(rows / 0x1_0000_0000));
}

/** What ERROR and INFO share. */
export interface ServerMessage {
  readonly number: number;
  readonly state: number;
  readonly severity: number;
  readonly message: string;
  readonly serverName: string;
  readonly procedure?: string;
  readonly lineNumber: number;
}

/** A token's length is 16 bits, so a message's text has to stay well below. */
const MOST_MESSAGE_CHARACTERS = 8000;

function writeMessage(out: ByteWriter, type: number, message: ServerMessage, version: TdsVersion): void {
  sized(out, type, () => {
    writeU32(out, message.number);
    writeU8(out, message.state);
    writeU8(out, message.severity);
    writeLongText(out, message.message.slice(0, MOST_MESSAGE_CHARACTERS));
    writeShortText(out, message.serverName);
    writeShortText(out, message.procedure ?? '');
    if (version.atLeast72) writeU32(out, message.lineNumber);
    else writeU16(out, message.lineNumber);
  });
}

export function writeError(
  out: ByteWriter,
  error: SqlServerError,
  origin: { serverName: string; procedure?: string; version: TdsVersion },
): void {
  const { number, state, severity, lineNumber, message } = error;
  writeMessage(
    out,
    TOKEN_TYPE.error,
    { number, state, severity, lineNumber, message, serverName: origin.serverName, procedure: origin.procedure ?? '' },
    origin.version,
  );
}

export function writeInfo(
  out: ByteWriter,
  info: { number: number; message: string; severity?: number },
  origin: { serverName: string; version: TdsVersion },
): void {
  // PRINT is number 0, state 1, class 0; 5701 and 5703 have class 10.
  const severity = info.severity ?? (info.number === 0 ? 0 : 10);
  const message: ServerMessage = {
    number: info.number,
    state: 1,
    severity,
    message: info.message,
    serverName: origin.serverName,
    lineNumber: 1,
  };
  writeMessage(out, TOKEN_TYPE.info, message, origin.version);
}

export function writeEnvText(out: ByteWriter, type: number, change: { now: string; before: string }): void {
  sized(out, TOKEN_TYPE.envChange, () => {
    writeU8(out, type);
    writeShortText(out, change.now);
    writeShortText(out, change.before);
  });
}

export function writeEnvBytes(out: ByteWriter, type: number, change: { now: Uint8Array; before: Uint8Array }): void {
  sized(out, TOKEN_TYPE.envChange, () => {
    writeU8(out, type);
    for (const bytes of [change.now, change.before]) {
      writeU8(out, bytes.length);
      writeBytes(out, bytes);
    }
  });
}

export function writeLoginAck(out: ByteWriter, version: TdsVersion, server: ServerVersion): void {
  sized(out, TOKEN_TYPE.loginAck, () => {
    writeU8(out, 1); // SQL_TSQL
    const { acknowledged } = version;
    writeBytes(out, Uint8Array.of(acknowledged >>> 24, acknowledged >>> 16, acknowledged >>> 8, acknowledged));
    writeShortText(out, 'Microsoft SQL Server\0\0');
    writeBytes(out, Uint8Array.of(server.major, server.minor, server.build >>> 8, server.build));
  });
}

export function writeReturnStatus(out: ByteWriter, status: number): void {
  writeU8(out, TOKEN_TYPE.returnStatus);
  writeU32(out, status);
}
