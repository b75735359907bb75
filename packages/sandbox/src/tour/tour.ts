import { bulkSteps } from './bulk-steps.ts';
import { commandSteps } from './command-steps.ts';
import { failureSteps } from './failure-steps.ts';
import { updateSteps } from './update-steps.ts';
import { updateWorldSteps } from './update-world-steps.ts';
import { NotProved, type Evidence, type TourContext, type TourStep } from './step.ts';

/** How one step went. */
export interface StepReport {
  readonly name: string;
  readonly ok: boolean;
  readonly ms: number;
  readonly evidence: Evidence;
}

/** What `--once --json` ends with. */
export interface TourReport {
  readonly ok: boolean;
  readonly patients: { readonly inR4: number; readonly accepted: number; readonly refused: number };
  readonly steps: readonly StepReport[];
}

/** Every step, in the order of the tour. */
export const tourSteps: readonly TourStep[] = [...bulkSteps, ...commandSteps, ...failureSteps];

/** The steps that a sandbox with updates has besides. */
export const updatesTourSteps: readonly TourStep[] = [...updateSteps, ...updateWorldSteps];

/** Goes through the steps; a step that fails does not keep the others from being tried. */
export async function takeTour(
  context: TourContext,
  told: (step: TourStep, report: StepReport) => void,
): Promise<TourReport> {
  const steps: StepReport[] = [];
  const updating = context.sandbox.updates === null ? [] : updatesTourSteps;
  for (const step of [...tourSteps, ...updating]) {
    const startedAt = performance.now();
    let report: Pick<StepReport, 'ok' | 'evidence'>;
    try {
      report = { ok: true, evidence: await step.run(context) };
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      report = { ok: false, evidence: { ...(error instanceof NotProved ? error.evidence : {}), notProved: message } };
    } finally {
      // A step that failed midway must not leave R4 slow or sick for the next one.
      await context.sandbox.r4.clearFaults();
    }
    const full = { name: step.name, ...report, ms: Math.round(performance.now() - startedAt) };
    steps.push(full);
    told(step, full);
  }
  return { ok: steps.every(({ ok }) => ok), patients: { ...context.counts }, steps };
}
