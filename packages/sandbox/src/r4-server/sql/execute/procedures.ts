import type { SqlType, StatementResult } from '../../engine.ts';
import { findProcedure } from '../procedures/index.ts';
import type { Procedure } from '../procedures/index.ts';
import { sqlError, unsupported } from '../errors.ts';
import type { ExecuteArgument, Statement } from '../parse/ast.ts';
import { parseParameters } from '../parse/parameters.ts';
import type { ProcedureParameter } from '../parse/parameters.ts';
import { parseBatch } from '../parse/statements.ts';
import type { SessionState, Variable } from '../state.ts';
import { checkVariables } from './check.ts';
import type { BatchContext } from './planned.ts';
import { scalar, variableOf } from './scalars.ts';

type Execute = Statement & { readonly kind: 'execute' };
/** A batch's context, and how to run statements in it. */
export interface NestingContext extends BatchContext {
  readonly run: (
    context: BatchContext,
    statements: readonly Statement[],
  ) => Generator<StatementResult, void, undefined>;
}

type Results = Generator<StatementResult, void, undefined>;

/** How deep procedures and dynamic texts may call each other, as in SQL Server. */
const deepestNesting = 32;

/** Runs `EXEC ('text')`: a batch that sees no variables of the one it stands in. */
export function* executeText(
  context: NestingContext,
  statement: Statement & { readonly kind: 'execute-text' },
): Results {
  const text = scalar(context, statement.text, { name: 'nvarchar', length: -1 });
  yield* runNested(context, String(text ?? ''), new Map());
}

/**
 * Runs `EXEC procedure …`.
 * @throws SqlServerError 2812, and what SQL Server says of arguments: 201, 214, 8143, 8144, 8145
 */
export function* executeProcedure(context: NestingContext, statement: Execute): Results {
  const name = statement.procedure.at(-1)?.toLowerCase() ?? '';
  if (name === 'sp_executesql') yield* executeSql(context, statement);
  else {
    const found = findProcedure(name);
    if (found === undefined) throw sqlError(2812, statement.procedure.join('.'));
    if (found === 'lacking') throw unsupported(name, statement.line);
    yield* executeKnown(context, statement, found);
  }
  if (statement.status !== undefined) variableOf(context.session, statement.status, statement.line).value = 0;
}

function* executeKnown(context: NestingContext, statement: Execute, procedure: Procedure): Results {
  const declared = parseParameters(procedure.parameters);
  const variables = bindArguments(context, { name: procedure.name, declared, args: statement.args });
  for (const result of runNested(context, procedure.body, variables)) {
    // SQL Server's own begin with SET NOCOUNT ON: the client gets rows and messages.
    if (result.kind !== 'done') yield result;
  }
}

/** `EXEC sp_executesql N'text', N'@p int', @p = 1`. */
function* executeSql(context: NestingContext, statement: Execute): Results {
  const name = 'sp_executesql';
  const [text, declaration] = [['@stmt', '@statement'] as const, ['@params', '@parameters'] as const].map(
    (names, index) => {
      const found =
        statement.args.find((arg) => names.some((one) => one === arg.name?.toLowerCase())) ??
        (statement.args[index]?.name === undefined ? statement.args[index] : undefined);
      return found === undefined ? undefined : { argument: found, value: unicodeText(context, found, names[1]) };
    },
  );
  if (text === undefined) throw sqlError(201, name, '@statement');
  const declared = parseParameters(String(declaration?.value ?? ''));
  const args = statement.args.filter((arg) => arg !== text.argument && arg !== declaration?.argument);
  const inner = String(text.value ?? '');
  const variables = bindArguments(context, { name, declared, args, text: inner });
  yield* runNested(context, inner, variables);
  for (const [index, arg] of args.entries()) {
    const target = arg.expression;
    const key = (arg.name ?? declared[index]?.name ?? '').toLowerCase();
    const parameter = declared.find((one) => one.name.toLowerCase() === key);
    if (!arg.output || parameter?.output !== true || target.kind !== 'variable') continue;
    const value = variables.get(key);
    if (value !== undefined) assignOutput(context, value, variableOf(context.session, target.name, target.line));
  }
}

/** The text and the declarations have to be Unicode. @throws SqlServerError 214 */
const unicodeText = (context: BatchContext, { expression }: ExecuteArgument, parameter: string) => {
  const type: SqlType | undefined =
    expression.kind === 'variable'
      ? variableOf(context.session, expression.name, expression.line).type
      : expression.kind === 'literal' && expression.of === 'nstring'
        ? { name: 'nvarchar' }
        : undefined;
  const isNull = expression.kind === 'literal' && expression.of === 'null';
  if (!isNull && !['nvarchar', 'nchar', 'ntext'].includes(type?.name ?? ''))
    throw sqlError(214, parameter, 'ntext/nchar/nvarchar');
  return scalar(context, expression, { name: 'nvarchar', length: -1 });
};

interface Call {
  readonly name: string;
  readonly declared: readonly ProcedureParameter[];
  readonly args: readonly ExecuteArgument[];
  /** The text of sp_executesql, for the message of a parameter that is missing. */
  readonly text?: string;
}

/** Values for the parameters, converted to their types, evaluated where the call stands. */
const bindArguments = (context: BatchContext, { name, declared, args, text }: Call): Map<string, Variable> => {
  const given = new Map<string, ExecuteArgument>();
  if (args.length > declared.length) throw sqlError(8144, name);
  for (const [index, arg] of args.entries()) {
    const key = (arg.name ?? declared[index]?.name ?? '').toLowerCase();
    if (!declared.some((one) => one.name.toLowerCase() === key)) throw sqlError(8145, arg.name ?? '', name);
    if (given.has(key)) throw sqlError(8143, arg.name ?? key);
    given.set(key, arg);
  }
  const variables = new Map<string, Variable>();
  for (const parameter of declared) {
    const key = parameter.name.toLowerCase();
    const expression = given.get(key)?.expression ?? parameter.initial;
    if (expression === undefined) {
      if (text === undefined) throw sqlError(201, name, parameter.name);
      throw sqlError(8178, `(${declared.map((one) => one.name).join(',')})${text}`.slice(0, 400), parameter.name);
    }
    const value = scalar(context, expression, parameter.type);
    variables.set(key, { name: parameter.name, type: parameter.type, value });
  }
  return variables;
};

const assignOutput = (context: BatchContext, from: Variable, to: Variable): void => {
  const { variables } = context.session;
  // No client can name a variable so: it lives for one conversion.
  const name = '@ output';
  variables.set(name, { ...from, name });
  try {
    to.value = scalar(context, { kind: 'variable', name, line: 1 }, to.type);
  } finally {
    variables.delete(name);
  }
};

/** Runs a text with variables of its own; what it sets or uses is as before afterwards. */
function* runNested(context: NestingContext, text: string, variables: Map<string, Variable>): Results {
  const { session } = context;
  if (session.nesting >= deepestNesting) throw sqlError(217);
  const saved = { variables: new Map(session.variables), options: session.options, database: session.database };
  const statements = parseBatch(text, session.options.quotedIdentifier);
  enter(session, variables);
  session.options = { ...saved.options, switches: new Map(saved.options.switches) };
  session.nesting++;
  try {
    checkVariables(statements, new Set(variables.keys()), ({ name, type }) => {
      session.variables.set(name.toLowerCase(), { name, type, value: null });
    });
    yield* context.run(context, statements);
    if (session.database !== saved.database) {
      yield { kind: 'database', name: saved.database.name, previous: session.database.name };
    }
  } finally {
    session.nesting--;
    session.options = saved.options;
    session.database = saved.database;
    enter(session, saved.variables);
  }
}

const enter = (session: SessionState, variables: ReadonlyMap<string, Variable>): void => {
  session.variables.clear();
  for (const [key, variable] of variables) session.variables.set(key, variable);
};
