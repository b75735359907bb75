import { errorTable, type ErrorCode } from '../contract/error-table.ts';
import { problemSchema } from '../contract/http-api.ts';
import { AgentError, type ErrorDetails } from '../runtime/index.ts';
import type { HttpAnswer } from './exchange.ts';
import { jsonOf, retryAfterMostMs, retryAfterMsOf } from './answer.ts';

/** A status that says: not now. */
const mayPass = (status: number) => status === 408 || status === 425 || status === 429 || status >= 500;

/** What an answer that is no success means. */
export function refusalOf(answer: HttpAnswer, nowMs: number): AgentError {
  const { status, text } = answer;
  const problem = problemSchema.safeParse(jsonOf(text)).data;
  const details: Record<string, string | number> = { status };
  if (problem) details['flynotesCode'] = problem.code;
  if (problem?.fields?.length) details['fields'] = problem.fields.filter(isFieldName).slice(0, 10).join(',');

  if (mayPass(status)) {
    const asked = retryAfterMsOf(answer.header('retry-after'), nowMs) ?? problem?.retryAfterMs;
    const retryAfterMs = asked === undefined ? undefined : Math.min(asked, retryAfterMostMs);
    return new AgentError('FLYNOTES_UNAVAILABLE', {
      details,
      // An overloaded server has not taken it; one that failed inside, or the gateway before it, may have.
      disposition: status === 429 || status === 503 ? 'transient' : 'ambiguous',
      ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
    });
  }
  // Whoever says so, Flynotes or a proxy before it: a smaller body may pass.
  if (status === 413) return new AgentError('REQUEST_TOO_LARGE', { details });
  // What is not JSON comes from something in between: a captive portal, a filter, a proxy. Not from Flynotes.
  if (status < 400 || isForeign(answer)) return new AgentError('FLYNOTES_ANSWER_INVALID', { details });
  return new AgentError(codeFor(status, problem?.code), { details });
}

function codeFor(status: number, code: string | undefined): ErrorCode {
  if (status === 401) return 'LICENCE_UNKNOWN';
  if (status === 403) return 'LICENCE_SUSPENDED';
  if (status === 426) return 'AGENT_TOO_OLD';
  if (code !== undefined && Object.hasOwn(errorTable, code)) return code as ErrorCode;
  return 'FLYNOTES_REFUSED';
}

/** A page for a person always; of words that name the licence or the version, whatever is not JSON. */
function isForeign(answer: HttpAnswer): boolean {
  const { status } = answer;
  const type = (answer.header('content-type') ?? '').toLowerCase();
  const aboutTheAgent = status === 401 || status === 403 || status === 426;
  return (
    type.startsWith('text/html') || (aboutTheAgent && type !== '' && !/^application\/(?:[\w.-]+\+)?json\b/.test(type))
  );
}

/** Names of fields of the contract: `basics.surname`, `patients.3.basics`. */
function isFieldName(name: string): boolean {
  return /^[A-Za-z0-9_.-]{1,80}$/.test(name);
}

/** The unexpected answer's details: which fields did not fit, by their names in the contract. */
export function invalidAnswer(
  code: 'LICENCE_ANSWER_INVALID' | 'FLYNOTES_ANSWER_INVALID',
  paths: readonly string[],
): AgentError {
  const details: ErrorDetails = { fields: paths.filter(isFieldName).slice(0, 5).join(',') || 'whole' };
  return new AgentError(code, { details });
}
