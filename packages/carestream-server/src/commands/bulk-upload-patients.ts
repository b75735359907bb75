import { errorTable, type ErrorCode, type PassFigures } from '../contract/index.ts';
import type { Command } from './command.ts';

/** Whoever runs bulk uploads: one at a time, and several requests share one. */
export interface BulkUploads {
  /** Resolves when a pass that began after this call has ended. */
  request(reason: 'requested', signal: AbortSignal): Promise<PassFigures>;
}

/** Every patient's basics, outside the hourly schedule. */
export function createBulkUploadPatients(deps: { readonly bulkUploads: BulkUploads }): Command<'bulk-upload-patients'> {
  return async (_message, _context, signal) => {
    const pass = await deps.bulkUploads.request('requested', signal);
    const { rows, patients, sent, changed, removed } = pass;
    const figures = { rows, patients, sent, changed, removed, ...(pass.passId ? { passId: pass.passId } : {}) };
    return pass.outcome === 'equal'
      ? { outcome: 'done', figures }
      : { outcome: 'failed', code: knownCode(pass.code), figures };
  };
}

function knownCode(code: string | undefined): ErrorCode {
  return code !== undefined && Object.hasOwn(errorTable, code) ? (code as ErrorCode) : 'COMMAND_FAILED';
}
