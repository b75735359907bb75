import type { SqlParameter, SqlValue } from '../engine.ts';
import { SqlServerError } from '../engine.ts';
import { declaredType, declaredValue, parseDeclaration } from './declaration.ts';
import type { DeclaredParameter } from './declaration.ts';
import { MOST_PARAMETERS, tooManyParameters } from './request.ts';
import type { RpcCall, RpcParameter } from './request.ts';

/** A statement kept under a handle, and how its parameters were declared. */
export interface PreparedStatement {
  readonly text: string;
  readonly declared: readonly DeclaredParameter[];
}

/** What a call asks for, once its arguments have been understood. */
export type ProcedureStep =
  | {
      readonly kind: 'run';
      readonly text: string;
      readonly parameters: readonly SqlParameter[];
      readonly outputs: readonly OutputPlace[];
      readonly handle?: HandlePlace;
    }
  | { readonly kind: 'prepared'; readonly handle: HandlePlace }
  | { readonly kind: 'unprepared' }
  | { readonly kind: 'reset' };

/** An output parameter: where it stood in the call, and what it is called in the batch. */
export interface OutputPlace {
  readonly ordinal: number;
  /** As the caller wrote it, to be echoed. */
  readonly name: string;
  readonly parameter: SqlParameter;
}

/** The handle of sp_prepare and sp_prepexec goes back in their first parameter. */
export interface HandlePlace {
  readonly ordinal: number;
  readonly name: string;
  readonly value: number;
}

/** The statements one connection has prepared. */
export interface PreparedStatements {
  plan(call: RpcCall): ProcedureStep;
  clear(): void;
}

const CURSOR_PROCEDURES = /^sp_(?:cursor\w*|prepexecrpc)$/;
const MOST_PREPARED = 10_000;

export function createPreparedStatements(): PreparedStatements {
  const prepared = new Map<number, PreparedStatement>();
  let nextHandle = 1;

  const keep = (statement: PreparedStatement): number => {
    if (prepared.size >= MOST_PREPARED)
      throw new SqlServerError('Too many prepared statements on this connection.', {
        number: 8179,
        severity: 16,
        state: 1,
      });
    const handle = nextHandle;
    nextHandle += 1;
    prepared.set(handle, statement);
    return handle;
  };
  const find = (value: SqlValue | undefined): PreparedStatement => {
    const found = prepared.get(Number(value ?? 0));
    if (found !== undefined) return found;
    throw new SqlServerError(`Could not find prepared statement with handle ${String(value ?? 0)}.`, {
      number: 8179,
      severity: 16,
      state: 2,
    });
  };

  return {
    clear: () => prepared.clear(),
    plan: (call) => {
      const name = bareName(call.procedure);
      const { parameters } = call;
      switch (name) {
        case 'sp_executesql': {
          const statement = readStatement(parameters, { text: 0, declaration: 1 }, name);
          return { kind: 'run', text: statement.text, ...bind(parameters, 2, statement) };
        }
        case 'sp_prepare': {
          const value = keep(readStatement(parameters, { text: 2, declaration: 1 }, name));
          return { kind: 'prepared', handle: { ordinal: 0, name: parameters[0]?.name ?? '', value } };
        }
        case 'sp_prepexec': {
          const statement = readStatement(parameters, { text: 2, declaration: 1 }, name);
          const bound = bind(parameters, 3, statement);
          const handle = { ordinal: 0, name: parameters[0]?.name ?? '', value: keep(statement) };
          return { kind: 'run', text: statement.text, ...bound, handle };
        }
        case 'sp_execute': {
          const statement = find(parameters[0]?.value);
          return { kind: 'run', text: statement.text, ...bind(parameters, 1, statement) };
        }
        case 'sp_unprepare':
          find(parameters[0]?.value);
          prepared.delete(Number(parameters[0]?.value));
          return { kind: 'unprepared' };
        case 'sp_reset_connection':
          return { kind: 'reset' };
        default:
          if (CURSOR_PROCEDURES.test(name)) throw noCursors(name);
          return callByName(call);
      }
    },
  };
}

/** `master.sys.[sp_executesql]` and the like. */
function bareName(procedure: string): string {
  const last = procedure.split('.').at(-1) ?? '';
  return last
    .replaceAll(/[[\]"]/g, '')
    .replace(/;\d+$/, '')
    .trim()
    .toLowerCase();
}

function noCursors(name: string): SqlServerError {
  return new SqlServerError(`${name}: This feature has not been implemented yet.`, {
    number: 16_901,
    severity: 16,
    state: 1,
  });
}

const PROCEDURE_NAME =
  /^(?:(?:\[[^\]]*\]|"[^"]*"|[\p{L}_#][\p{L}\p{N}_@#$]*)?\.){0,3}(?:\[[^\]]*\]|"[^"]*"|[\p{L}_#][\p{L}\p{N}_@#$]*)(?:;\d+)?$/u;
const PARAMETER_NAME = /^@[\p{L}\p{N}_@#$]*$/u;

/** Any other procedure: the data half knows which there are. */
function callByName(call: RpcCall): ProcedureStep {
  const name = call.procedure.trim();
  const sound =
    PROCEDURE_NAME.test(name) && call.parameters.every((one) => one.name === '' || PARAMETER_NAME.test(one.name));
  if (!sound)
    throw new SqlServerError(`Could not find stored procedure '${name}'.`, { number: 2812, severity: 16, state: 62 });
  const parameters: SqlParameter[] = [];
  const outputs: OutputPlace[] = [];
  const args: string[] = [];
  for (const [ordinal, { name: given, type, value, output }] of call.parameters.entries()) {
    const parameter: SqlParameter = { name: `@argument${ordinal}`, type, value, output };
    parameters.push(parameter);
    args.push(`${given === '' ? '' : `${given} = `}${parameter.name}${output ? ' OUTPUT' : ''}`);
    if (output) outputs.push({ ordinal, name: given, parameter });
  }
  const text = `EXEC ${name.replace(/;\d+$/, '')} ${args.join(', ')}`;
  return { kind: 'run', text, parameters, outputs };
}

function readStatement(
  parameters: readonly RpcParameter[],
  at: { text: number; declaration: number },
  procedure: string,
): PreparedStatement {
  const text = parameters[at.text]?.value;
  if (typeof text !== 'string') {
    const message = `Procedure expects parameter '@statement' of type 'ntext/nchar/nvarchar'.`;
    throw new SqlServerError(message, { number: 214, severity: 16, state: procedure === 'sp_executesql' ? 2 : 3 });
  }
  const declaration = parameters[at.declaration]?.value ?? '';
  const declared = typeof declaration === 'string' ? parseDeclaration(declaration) : undefined;
  if (declared === undefined)
    throw new SqlServerError(`Incorrect syntax near '${String(declaration).slice(0, 128)}'.`, {
      number: 102,
      severity: 15,
      state: 1,
    });
  if (declared.length > MOST_PARAMETERS) throw tooManyParameters();
  return { text, declared };
}

/** Matches what was passed, by name or by position, with what was declared. */
function bind(
  passed: readonly RpcParameter[],
  from: number,
  statement: PreparedStatement,
): { parameters: SqlParameter[]; outputs: OutputPlace[] } {
  const { declared, text } = statement;
  const places = new Map<string, { ordinal: number; parameter: RpcParameter }>();
  for (const [index, parameter] of passed.slice(from).entries()) {
    const target =
      parameter.name === ''
        ? declared[index]
        : declared.find((one) => one.name.toLowerCase() === parameter.name.toLowerCase());
    if (target === undefined) {
      throw parameter.name === ''
        ? new SqlServerError('Procedure or function has too many arguments specified.', {
            number: 8144,
            severity: 16,
            state: 2,
          })
        : new SqlServerError(`${parameter.name} is not a parameter for procedure .`, {
            number: 8145,
            severity: 16,
            state: 2,
          });
    }
    places.set(target.name.toLowerCase(), { ordinal: from + index, parameter });
  }
  const parameters: SqlParameter[] = [];
  const outputs: OutputPlace[] = [];
  for (const one of declared) {
    const place = places.get(one.name.toLowerCase());
    if (place === undefined) throw missing(one.name, statement);
    const { value, output, type } = place.parameter;
    const held = declaredType(one.type, type, value);
    const parameter: SqlParameter = {
      name: one.name,
      type: held,
      value: declaredValue(held, value),
      output: output && one.output,
    };
    parameters.push(parameter);
    if (output && one.output) outputs.push({ ordinal: place.ordinal, name: place.parameter.name, parameter });
  }
  if (declared.length === 0 && text === '') throw missing('', statement);
  return { parameters, outputs };
}

function missing(name: string, { text, declared }: PreparedStatement): SqlServerError {
  const query = `(${declared.map((one) => one.name).join(',')})${text}`.slice(0, 400);
  const message = `The parameterized query '${query}' expects the parameter '${name}', which was not supplied.`;
  return new SqlServerError(message, { number: 8178, severity: 16, state: 1 });
}
