import type { SqlType, SqlValue } from '../../engine.ts';
import { atLine, sqlError } from '../errors.ts';
import type { Expression } from '../parse/ast.ts';
import type { SessionState, Variable } from '../state.ts';
import { planCondition, planScalar } from '../translate/plan.ts';
import { planned } from './planned.ts';
import type { BatchContext } from './planned.ts';
import { readScalar } from './rows.ts';

/** A variable by name. @throws SqlServerError 137 */
export const variableOf = (session: SessionState, name: string, line: number): Variable => {
  const variable = session.variables.get(name.toLowerCase());
  if (variable === undefined) throw atLine(sqlError(137, name), line);
  return variable;
};

/** A scalar in the type that is asked for. */
export const scalar = (context: BatchContext, node: Expression, to: SqlType): SqlValue => {
  const plan = planned(context, node, (translation) => planScalar(translation, node, to));
  return readScalar(context.server, context.session, plan);
};

/** A condition's truth; under FMTONLY every branch is looked at. */
export const truth = (context: BatchContext, condition: Parameters<typeof planCondition>[1]): boolean => {
  if (context.session.options.formatOnly) return true;
  const plan = planned(context, condition, (translation) => planCondition(translation, condition));
  return readScalar(context.server, context.session, plan) === 1;
};

/** A value as PRINT shows it. */
export const printed = (context: BatchContext, node: Expression): string => {
  const value = scalar(context, node, { name: 'nvarchar', length: 4000 });
  return value === null ? '' : String(value);
};
