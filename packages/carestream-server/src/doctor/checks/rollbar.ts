import { checkNames, type Check } from '../check.ts';
import { notChecked, passed } from '../finding.ts';
import type { DoctorPorts, Findings, Tally } from '../ports.ts';

/** Rollbar accepts a report: one event of our own is sent. */
export function createRollbarCheck(ports: DoctorPorts, findings: Findings, tally: () => Tally): Check {
  return {
    name: 'rollbar',
    // Without a licence the configuration's own token may still do.
    needs: ['config'],
    after: checkNames.filter((name) => name !== 'rollbar'),
    mostMs: 12_000,
    late: 'REPORT_UNDELIVERED',
    async run(signal) {
      const licence = findings.licence ?? null;
      if (licence === null && !ports.hasRollbarToken) {
        return notChecked('Not checked, because the licence tells where reports go, and there is no answer.');
      }
      if (licence !== null && licence.rollbar === null && !ports.hasRollbarToken) {
        return passed('Neither licence nor configuration names a place for reports; none are sent.');
      }
      await ports.report(licence, tally(), signal);
      return passed('A report of this examination was accepted.');
    },
  };
}
