import type { SqlType } from '../../engine.ts';
import type { ServerState, SessionState } from '../state.ts';
import { createTranslation } from '../translate/plan.ts';
import type { Plan } from '../translate/plan.ts';
import type { Translation } from '../translate/context.ts';
import { typeKey } from '../types.ts';

/** What a batch runs in. */
export interface BatchContext {
  readonly server: ServerState;
  readonly session: SessionState;
}

const variableTypes = (session: SessionState): ReadonlyMap<string, SqlType> =>
  new Map([...session.variables].map(([key, variable]) => [key, variable.type]));

const plans = new WeakMap<object, Map<string, Plan>>();

/** The plan of a part of a statement; kept with the parsed text for as long as everything that it depends on is the same. */
export const planned = (context: BatchContext, part: object, plan: (translation: Translation) => Plan): Plan => {
  const { server, session } = context;
  const types = [...session.variables].map(([key, { type }]) => `${key} ${typeKey(type)}`).join(',');
  const key = `${session.database.id}|${session.login.user}|${server.catalogue.version}|${types}`;
  let known = plans.get(part);
  if (known === undefined) plans.set(part, (known = new Map()));
  let found = known.get(key);
  if (found === undefined) {
    if (known.size >= 16) known.clear();
    found = plan(createTranslation(server, session, variableTypes(session)));
    known.set(key, found);
  }
  return found;
};
