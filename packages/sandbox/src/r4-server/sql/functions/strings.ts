import type { FunctionTable } from './function-table.ts';

/** To be filled. */
export const stringFunctions: FunctionTable = {};
