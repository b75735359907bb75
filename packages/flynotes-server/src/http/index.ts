export { isProblemError, problemError, problemOf } from './problem.ts';
export type { ProblemError, ServerCode } from './problem.ts';
export { problemOfError } from './problem-of-error.ts';
