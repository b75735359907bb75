import { AgentError, isAgentError } from '../runtime/index.ts';
import type { UploadDeps } from './ports.ts';

/** How often in a row Flynotes may fail inside on one call before a pass is given up: some ten minutes, with the pauses between. */
export const internalFailuresMost = 14;

type PassCalls = Pick<UploadDeps['flynotes'], 'beginPass' | 'sendBatch' | 'completePass'>;

/**
 * Flynotes as a pass sees it. While it is away or overloaded a pass waits, however long that takes. But a server that takes the request
 * and fails inside on it each time will not get better by waiting: then the pass fails, loudly, and a later one tries again.
 * @throws AgentError FLYNOTES_KEEPS_FAILING
 */
export function createPassCalls(flynotes: PassCalls): PassCalls {
  let failures = 0;

  async function counted<Answer>(call: () => Promise<Answer>): Promise<Answer> {
    try {
      const answer = await call();
      failures = 0;
      return answer;
    } catch (error) {
      if (!failedInside(error)) throw error;
      failures += 1;
      if (failures < internalFailuresMost) throw error;
      throw new AgentError('FLYNOTES_KEEPS_FAILING', { cause: error, details: { failures } });
    }
  }

  return {
    beginPass: (...call) => counted(() => flynotes.beginPass(...call)),
    sendBatch: (...call) => counted(() => flynotes.sendBatch(...call)),
    completePass: (...call) => counted(() => flynotes.completePass(...call)),
  };
}

/** An answer of the right kind that is no answer of the contract comes from Flynotes itself; a page of a proxy has no fields at all. */
function isMalformed(error: AgentError): boolean {
  const { fields } = error.details;
  return error.code === 'FLYNOTES_ANSWER_INVALID' && typeof fields === 'string' && fields !== 'whole';
}

/** 502, 503 and 504 come from whoever stands before a server that is away; every other 5xx from one that is there. */
function failedInside(error: unknown): boolean {
  if (!isAgentError(error)) return false;
  if (isMalformed(error)) return true;
  if (error.code !== 'FLYNOTES_UNAVAILABLE') return false;
  const { status } = error.details;
  return typeof status === 'number' && status >= 500 && (status < 502 || status > 504);
}
