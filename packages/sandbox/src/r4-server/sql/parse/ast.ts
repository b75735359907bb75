import type { SqlType } from '../../engine.ts';

/** A literal as written; the translator decides its type. */
export interface Literal {
  readonly kind: 'literal';
  readonly of: 'integer' | 'decimal' | 'float' | 'money' | 'string' | 'nstring' | 'binary' | 'null';
  readonly text: string;
}

/** The operators between scalars. */
export type ArithmeticOperator = '+' | '-' | '*' | '/' | '%' | '&' | '|' | '^';

/** The operators between scalars that give a condition. */
export type ComparisonOperator = '=' | '<>' | '<' | '<=' | '>' | '>=';

/** `OVER (PARTITION BY … ORDER BY …)`. */
export interface Over {
  readonly partitionBy: readonly Expression[];
  readonly orderBy: readonly OrderItem[];
}

/** A call by name: scalar function, aggregate or ranking function. */
export interface FunctionCall {
  readonly kind: 'function';
  readonly name: string;
  readonly args: readonly Expression[];
  readonly star?: boolean;
  readonly distinct?: boolean;
  readonly over?: Over;
  readonly line: number;
}

/** A reference to a column: one to four parts. */
export interface ColumnReference {
  readonly kind: 'column';
  readonly parts: readonly string[];
  readonly line: number;
}

/** A scalar. */
export type Expression =
  | Literal
  | ColumnReference
  | FunctionCall
  | { readonly kind: 'variable'; readonly name: string; readonly line: number }
  | { readonly kind: 'global'; readonly name: string; readonly line: number }
  | { readonly kind: 'unary'; readonly operator: '-' | '+' | '~'; readonly operand: Expression; readonly line: number }
  | {
      readonly kind: 'binary';
      readonly operator: ArithmeticOperator;
      readonly left: Expression;
      readonly right: Expression;
      readonly line: number;
    }
  | {
      readonly kind: 'cast';
      readonly function: 'CAST' | 'CONVERT';
      readonly operand: Expression;
      readonly type: SqlType;
      readonly style?: Expression;
      readonly line: number;
    }
  | {
      readonly kind: 'case';
      readonly operand?: Expression;
      readonly whens: readonly { readonly when: Condition | Expression; readonly result: Expression }[];
      readonly otherwise?: Expression;
      readonly line: number;
    }
  | { readonly kind: 'subquery'; readonly query: Query; readonly line: number }
  | { readonly kind: 'collate'; readonly operand: Expression; readonly collation: string; readonly line: number };

/** A truth value: T-SQL keeps these apart from scalars. */
export type Condition =
  | {
      readonly kind: 'and' | 'or';
      readonly left: Condition;
      readonly right: Condition;
      readonly near: string;
      readonly line: number;
    }
  | { readonly kind: 'not'; readonly operand: Condition; readonly near: string; readonly line: number }
  | {
      readonly kind: 'compare';
      readonly operator: ComparisonOperator;
      readonly left: Expression;
      readonly right: Expression;
      readonly near: string;
      readonly line: number;
    }
  | {
      readonly kind: 'quantified';
      readonly operator: ComparisonOperator;
      readonly quantifier: 'ALL' | 'ANY';
      readonly left: Expression;
      readonly query: Query;
      readonly near: string;
      readonly line: number;
    }
  | {
      readonly kind: 'between';
      readonly operand: Expression;
      readonly low: Expression;
      readonly high: Expression;
      readonly negated: boolean;
      readonly near: string;
      readonly line: number;
    }
  | {
      readonly kind: 'like';
      readonly operand: Expression;
      readonly pattern: Expression;
      readonly escape?: Expression;
      readonly negated: boolean;
      readonly near: string;
      readonly line: number;
    }
  | {
      readonly kind: 'in';
      readonly operand: Expression;
      readonly values: readonly Expression[] | Query;
      readonly negated: boolean;
      readonly near: string;
      readonly line: number;
    }
  | { readonly kind: 'exists'; readonly query: Query; readonly near: string; readonly line: number }
  | {
      readonly kind: 'is-null';
      readonly operand: Expression;
      readonly negated: boolean;
      readonly near: string;
      readonly line: number;
    };

/** One item of ORDER BY. */
export interface OrderItem {
  readonly expression: Expression;
  readonly descending: boolean;
}

/** One item of a select list. */
export type SelectItem =
  | { readonly kind: 'star'; readonly qualifier: readonly string[]; readonly line: number }
  | { readonly kind: 'expression'; readonly expression: Expression; readonly alias?: string }
  | { readonly kind: 'assign'; readonly variable: string; readonly expression: Expression; readonly line: number };

/** A table or view by name, with its hints. */
export interface NamedTable {
  readonly kind: 'table';
  readonly parts: readonly string[];
  /** Of a system function that gives rows: `fn_my_permissions(NULL, 'DATABASE')`. */
  readonly args?: readonly Expression[];
  readonly alias?: string;
  readonly hints: readonly string[];
  readonly line: number;
}

/** How two sources are joined. */
export type JoinKind = 'INNER' | 'LEFT' | 'RIGHT' | 'FULL' | 'CROSS';

/** What stands in FROM. */
export type TableSource =
  | NamedTable
  | {
      readonly kind: 'derived';
      readonly query: Query;
      readonly alias: string;
      readonly columns?: readonly string[];
      readonly line: number;
    }
  | {
      readonly kind: 'values';
      readonly rows: readonly (readonly Expression[])[];
      readonly alias: string;
      readonly columns?: readonly string[];
      readonly line: number;
    }
  | {
      readonly kind: 'join';
      readonly join: JoinKind;
      readonly left: TableSource;
      readonly right: TableSource;
      readonly on?: Condition;
      readonly line: number;
    };

/** One SELECT … without ORDER BY. */
export interface SelectSpecification {
  readonly kind: 'select';
  readonly distinct: boolean;
  readonly top?: Expression;
  readonly items: readonly SelectItem[];
  readonly from: readonly TableSource[];
  readonly where?: Condition;
  readonly groupBy: readonly Expression[];
  readonly having?: Condition;
  readonly line: number;
}

/** A SELECT, or two combined. */
export type QueryBody =
  | SelectSpecification
  | {
      readonly kind: 'combined';
      readonly operator: 'UNION' | 'UNION ALL' | 'EXCEPT' | 'INTERSECT';
      readonly left: QueryBody;
      readonly right: QueryBody;
      readonly line: number;
    };

/** A common table expression. */
export interface CommonTable {
  readonly name: string;
  readonly columns?: readonly string[];
  readonly query: Query;
  readonly line: number;
}

/** A whole query. */
export interface Query {
  readonly with: readonly CommonTable[];
  readonly body: QueryBody;
  readonly orderBy: readonly OrderItem[];
}

/** `column = expression` of UPDATE. */
export interface Assignment {
  readonly column: readonly string[];
  readonly expression: Expression;
  readonly line: number;
}

/** An item of DECLARE. */
export interface Declaration {
  readonly name: string;
  readonly type: SqlType;
  readonly initial?: Expression;
}

/** A statement. */
export type Statement = { readonly line: number } & (
  | { readonly kind: 'query'; readonly query: Query }
  | {
      readonly kind: 'insert';
      readonly table: NamedTable;
      readonly columns?: readonly string[];
      readonly source: Query | readonly (readonly (Expression | 'DEFAULT')[])[] | 'DEFAULT VALUES';
    }
  | {
      readonly kind: 'update';
      readonly with: readonly CommonTable[];
      readonly top?: Expression;
      readonly target: NamedTable;
      readonly set: readonly Assignment[];
      readonly from: readonly TableSource[];
      readonly where?: Condition;
    }
  | {
      readonly kind: 'delete';
      readonly with: readonly CommonTable[];
      readonly top?: Expression;
      readonly target: NamedTable;
      readonly from: readonly TableSource[];
      readonly where?: Condition;
    }
  | { readonly kind: 'declare'; readonly declarations: readonly Declaration[] }
  | { readonly kind: 'set-variable'; readonly name: string; readonly expression: Expression }
  | { readonly kind: 'set-option'; readonly option: string; readonly value: string }
  | { readonly kind: 'use'; readonly database: string }
  | { readonly kind: 'print'; readonly expression: Expression }
  | {
      readonly kind: 'raiserror';
      readonly message: Expression;
      readonly severity: Expression;
      readonly state: Expression;
      readonly args: readonly Expression[];
    }
  | {
      readonly kind: 'if';
      readonly condition: Condition;
      readonly consequence: Statement;
      readonly otherwise?: Statement;
    }
  | { readonly kind: 'while'; readonly condition: Condition; readonly body: Statement }
  | { readonly kind: 'break' | 'continue' | 'return' }
  | { readonly kind: 'block'; readonly statements: readonly Statement[] }
  | { readonly kind: 'waitfor'; readonly delay: Expression }
  | { readonly kind: 'transaction'; readonly action: 'begin' | 'commit' | 'rollback' }
  | {
      readonly kind: 'execute';
      readonly procedure: readonly string[];
      readonly args: readonly ExecuteArgument[];
      /** `EXEC @status = …`. */
      readonly status?: string;
    }
  /** `EXEC ('text' + @more)`. */
  | { readonly kind: 'execute-text'; readonly text: Expression }
);

/** An argument of EXEC. */
export interface ExecuteArgument {
  readonly name?: string;
  readonly expression: Expression;
  readonly output: boolean;
}
