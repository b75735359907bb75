import type { ResultColumn, SqlParameter, SqlValue } from '../engine.ts';
import { writeBytes, writeLongText, writeShortText, writeU16, writeU32, writeU8 } from './byte-writer.ts';
import type { ByteWriter } from './byte-writer.ts';
import { TOKEN_TYPE } from './tokens.ts';
import { resolveType } from './types/resolve.ts';
import type { TypeContext } from './types/resolve.ts';
import type { ValueEncoder, WireType } from './types/wire-type.ts';

/** COLMETADATA column flags ([MS-TDS] 2.2.7.4). */
const FLAG = { nullable: 0x01, updatableUnknown: 0x08, identity: 0x10 } as const;

/** A result set made ready to write: types resolved once, then one call per row. */
export interface ResultEncoder {
  writeMetadata(out: ByteWriter): void;
  writeRow(out: ByteWriter, row: readonly SqlValue[]): void;
}

export function createResultEncoder(columns: readonly ResultColumn[], context: TypeContext): ResultEncoder {
  const wireTypes = columns.map((column) => resolveType(column.type, column.nullable, context));
  const encoders: ValueEncoder[] = wireTypes.map((type) => type.encode);
  const count = encoders.length;
  return {
    writeMetadata: (out) => {
      writeU8(out, TOKEN_TYPE.colMetadata);
      writeU16(out, count);
      for (const [index, column] of columns.entries()) writeColumn(out, { column, type: wireTypes[index]!, context });
    },
    writeRow: (out, row) => {
      const start = out.position;
      try {
        writeU8(out, TOKEN_TYPE.row);
        for (let index = 0; index < count; index += 1) encoders[index]!(out, row[index]!);
      } catch (error) {
        // Half a row would make the client read what follows as values.
        out.position = start;
        throw error;
      }
    },
  };
}

function writeColumn(
  out: ByteWriter,
  { column, type, context }: { column: ResultColumn; type: WireType; context: TypeContext },
): void {
  writeUserType(out, type, context);
  writeU16(
    out,
    FLAG.updatableUnknown | (column.nullable ? FLAG.nullable : 0) | (column.identity === true ? FLAG.identity : 0),
  );
  writeBytes(out, type.info);
  if (type.namesTable === true) {
    const parts = (column.table ?? '').split('.');
    if (context.version.atLeast72) {
      writeU8(out, parts.length);
      for (const part of parts) writeLongText(out, part);
    } else {
      writeLongText(out, parts.join('.'));
    }
  }
  writeShortText(out, column.name);
}

function writeUserType(out: ByteWriter, type: WireType, context: TypeContext): void {
  if (context.version.atLeast72) writeU32(out, type.userType ?? 0);
  else writeU16(out, type.userType ?? 0);
}

/** RETURNVALUE ([MS-TDS] 2.2.7.18). It has to carry the parameter's own name: clients match by it. */
export function writeReturnValue(
  out: ByteWriter,
  parameter: SqlParameter & { readonly ordinal: number },
  context: TypeContext,
): void {
  const type = resolveType(parameter.type, true, context);
  writeU8(out, TOKEN_TYPE.returnValue);
  writeU16(out, parameter.ordinal);
  writeShortText(out, parameter.name);
  writeU8(out, 0x01); // an output parameter, not a function's result
  writeUserType(out, type, context);
  writeU16(out, 0); // flags
  writeBytes(out, type.info);
  type.encode(out, parameter.value);
}
