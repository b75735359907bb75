import visitor from '@swc/core/Visitor.js';

interface Visitor {
  visitStatement(statement: { readonly type: string }): unknown;
  visitVariableDeclarators(declarators: unknown): unknown;
}

/**
 * The visitor that dependency-cruiser builds on does not know `using` and throws at it. Its declarators are visited here as those
 * of any other declaration.
 */
export function teachUsing(): void {
  const prototype = (
    (visitor as { default?: { prototype: Visitor } }).default ?? (visitor as unknown as { prototype: Visitor })
  ).prototype;
  // oxlint-disable-next-line typescript/unbound-method -- it is called with its own `this` below
  const known = prototype.visitStatement;
  prototype.visitStatement = function visitStatement(this: Visitor, statement) {
    if (statement.type !== 'UsingDeclaration') return known.call(this, statement);
    const using = statement as { type: string; decls: unknown };
    this.visitVariableDeclarators(using.decls);
    return statement;
  };
}
