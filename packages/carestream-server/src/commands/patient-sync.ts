import type { Legs } from '../contract/index.ts';
import type { Command } from './command.ts';

/** Whoever reads one patient from R4 and sends the full record to Flynotes. */
export interface PatientUploads {
  sync(
    request: { readonly patientCode: number; readonly messageId: string; readonly requestedAt: string },
    signal: AbortSignal,
  ): Promise<{ readonly outcome: 'done' | 'not-found'; readonly legs: Legs }>;
}

/** One patient's full record, now: somebody waits for it. That there is no such patient is an answer, not a failure. */
export function createPatientSync(deps: { readonly patientUploads: PatientUploads }): Command<'patient-sync'> {
  return async ({ patientCode, requestedAt }, { messageId }, signal) => {
    const { outcome, legs } = await deps.patientUploads.sync({ patientCode, messageId, requestedAt }, signal);
    return { outcome, legs };
  };
}
