import { atLine, sqlError } from '../errors.ts';
import type { Declaration, Statement } from '../parse/ast.ts';

/**
 * Checks a whole batch before anything of it runs, as SQL Server compiles before it runs.
 * @param declare told of each variable that the batch declares
 * @param declared lower-case names of the parameters; grows by what the batch declares
 * @throws SqlServerError 134 (declared twice), 137 (not declared)
 */
export const checkVariables = (
  statements: readonly Statement[],
  declared: Set<string>,
  declare: (declaration: Declaration) => void,
): void => {
  for (const statement of statements) checkNode(statement, { declared, declare });
};

interface Check {
  readonly declared: Set<string>;
  readonly declare: (declaration: Declaration) => void;
}

const checkNode = (node: unknown, check: Check): void => {
  const { declared } = check;
  if (typeof node !== 'object' || node === null) return;
  if (Array.isArray(node)) {
    for (const item of node) checkNode(item, check);
    return;
  }
  const record = node as Record<string, unknown> & { kind?: string; line?: number };
  const require = (name: string) => {
    if (!declared.has(name.toLowerCase())) throw atLine(sqlError(137, name), record.line ?? 1);
  };
  if (record.kind === 'declare') {
    for (const item of (node as Statement & { kind: 'declare' }).declarations) {
      checkNode(item.initial, check);
      if (declared.has(item.name.toLowerCase())) throw atLine(sqlError(134, item.name), record.line ?? 1);
      declared.add(item.name.toLowerCase());
      check.declare(item);
    }
    return;
  }
  if (record.kind === 'variable' || record.kind === 'set-variable') require(String(record['name']));
  if (record.kind === 'assign') require(String(record['variable']));
  if (record.kind === 'execute' && typeof record['status'] === 'string') require(record['status']);
  for (const value of Object.values(record)) checkNode(value, check);
};
