import { SqlServerError } from '../engine.ts';
import { createByteReader } from './byte-reader.ts';
import type { ByteReader } from './byte-reader.ts';
import { readTypedValue } from './parameter.ts';
import type { ParameterContext, TypedValue } from './parameter.ts';
import { ProtocolError } from './protocol-error.ts';
import type { TdsVersion } from './tds-version.ts';

/** Procedures that clients call by number ([MS-TDS] 2.2.6.6). */
export const PROCEDURE_IDS: ReadonlyMap<number, string> = new Map([
  [1, 'sp_cursor'],
  [2, 'sp_cursoropen'],
  [3, 'sp_cursorprepare'],
  [4, 'sp_cursorexecute'],
  [5, 'sp_cursorprepexec'],
  [6, 'sp_cursorunprepare'],
  [7, 'sp_cursorfetch'],
  [8, 'sp_cursoroption'],
  [9, 'sp_cursorclose'],
  [10, 'sp_executesql'],
  [11, 'sp_prepare'],
  [12, 'sp_execute'],
  [13, 'sp_prepexec'],
  [14, 'sp_prepexecrpc'],
  [15, 'sp_unprepare'],
]);

export interface RpcParameter extends TypedValue {
  /** With its `@`; empty when passed by position. */
  readonly name: string;
  readonly output: boolean;
}

export interface RpcCall {
  readonly procedure: string;
  readonly parameters: readonly RpcParameter[];
}

/** ALL_HEADERS ([MS-TDS] 2.2.5.3): nothing in it concerns this server. */
function skipHeaders(reader: ByteReader, version: TdsVersion): void {
  if (!version.atLeast72) return;
  const total = reader.u32();
  if (total < 4) throw new ProtocolError(`headers of ${total} bytes`);
  reader.skip(total - 4);
}

/** SQL batch: headers and the text ([MS-TDS] 2.2.6.7). */
export function parseBatch(payload: Buffer, version: TdsVersion): string {
  const reader = createByteReader(payload);
  skipHeaders(reader, version);
  if (reader.remaining() % 2 === 1) throw new ProtocolError('a batch of an odd length');
  return reader.utf16(reader.remaining() / 2);
}

const SEPARATOR = { after72: 0xff, before72: 0x80, noExec: 0xfe } as const;
const BY_REFERENCE = 0x01;
/** The real server's limit, those of the procedure itself included. */
export const MOST_PARAMETERS = 2100;

/** RPC: one or more calls ([MS-TDS] 2.2.6.6). */
export function parseRpc(payload: Buffer, version: TdsVersion, context: ParameterContext): RpcCall[] {
  const reader = createByteReader(payload);
  skipHeaders(reader, version);
  const calls: RpcCall[] = [];
  while (reader.remaining() > 0) {
    const procedure = readProcedure(reader);
    reader.skip(2); // option flags: recompile, no metadata
    const parameters: RpcParameter[] = [];
    while (reader.remaining() > 0 && !isSeparator(payload[reader.position]!)) {
      if (parameters.length >= MOST_PARAMETERS) throw tooManyParameters();
      const name = reader.shortText();
      const status = reader.u8();
      const { type, value } = readTypedValue(reader, context);
      parameters.push({ name, output: (status & BY_REFERENCE) !== 0, type, value });
    }
    calls.push({ procedure, parameters });
    if (reader.remaining() > 0) reader.skip(1);
  }
  if (calls.length === 0) throw new ProtocolError('an RPC request without a call');
  return calls;
}

export function tooManyParameters(): SqlServerError {
  const message =
    'The incoming request has too many parameters. The server supports a maximum of 2100 parameters. ' +
    'Reduce the number of parameters and resend the request.';
  return new SqlServerError(message, { number: 8003, severity: 16, state: 1 });
}

/** A parameter's name is at most 128 characters long, so its length byte can't be taken for a separator. */
function isSeparator(byte: number): boolean {
  return byte === SEPARATOR.after72 || byte === SEPARATOR.before72 || byte === SEPARATOR.noExec;
}

function readProcedure(reader: ByteReader): string {
  const length = reader.u16();
  if (length !== 0xffff) return reader.utf16(length);
  const id = reader.u16();
  return PROCEDURE_IDS.get(id) ?? `procedure number ${id}`;
}

/** A transaction manager request ([MS-TDS] 2.2.6.9). */
export type TransactionRequest = {
  readonly kind: 'begin' | 'commit' | 'rollback' | 'save';
  readonly name: string;
  readonly beginAgain: boolean;
};

const TRANSACTION_KINDS: ReadonlyMap<number, TransactionRequest['kind']> = new Map([
  [5, 'begin'],
  [7, 'commit'],
  [8, 'rollback'],
  [9, 'save'],
]);

/** undefined: a kind this server does not do (distributed transactions). */
export function parseTransaction(payload: Buffer, version: TdsVersion): TransactionRequest | undefined {
  const reader = createByteReader(payload);
  skipHeaders(reader, version);
  const kind = TRANSACTION_KINDS.get(reader.u16());
  if (kind === undefined) return undefined;
  if (kind === 'begin') reader.skip(1); // isolation level
  const name = reader.remaining() > 0 ? reader.shortText() : '';
  const flags = kind !== 'begin' && reader.remaining() > 0 ? reader.u8() : 0;
  return { kind, name, beginAgain: (flags & 1) !== 0 };
}
