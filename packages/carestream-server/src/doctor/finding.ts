import { errorTable, type ErrorCode } from '../contract/index.ts';
import { isAgentError } from '../runtime/index.ts';
import type { Finding } from './check.ts';

/** What may be said beyond the error table's own words. */
export interface More {
  /** Stands after the table's sentence of what happened. */
  readonly facts?: string;
  /** Stands before the table's sentence of what to do. */
  readonly todo?: string;
  readonly script?: string;
}

export const passed = (found: string): Finding => ({ status: 'pass', code: null, found, todo: null });

export const notChecked = (found: string): Finding => ({ status: 'not-checked', code: null, found, todo: null });

export const warned = (code: ErrorCode, more: More = {}): Finding => told('warn', code, more);

export const failed = (code: ErrorCode, more: More = {}): Finding => told('fail', code, more);

/** An error as a failure: its code and details, never its message, which may stem from a third party. */
export function failedBy(error: unknown, more: More = {}): Finding {
  if (!isAgentError(error)) return failed('CRASH', { ...more, facts: classOf(error) });
  const facts = Object.entries(error.details).map(([name, value]) => `${name}: ${value}`);
  const all = [facts.join(', '), more.facts ?? ''].filter((each) => each !== '').join('; ');
  return failed(error.code, { ...more, ...(all === '' ? {} : { facts: all }) });
}

function told(status: 'warn' | 'fail', code: ErrorCode, more: More): Finding {
  const { happened, todo } = errorTable[code];
  return {
    status,
    code,
    found: more.facts === undefined ? happened : `${happened} (${more.facts})`,
    todo: more.todo === undefined ? todo : `${more.todo} ${todo}`,
    ...(more.script === undefined ? {} : { script: more.script }),
  };
}

function classOf(error: unknown): string {
  return error instanceof Error && /^\w{1,60}$/.test(error.name) ? error.name : 'unknown';
}
