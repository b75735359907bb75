/** The sandbox as tests use it: a practice and a cloud on one machine. */
export { startSandbox, type Sandbox, type SandboxOptions } from './sandbox.ts';
export { takePorts, type SandboxPorts } from './ports.ts';
export { takeTour, tourSteps, type StepReport, type TourReport } from './tour/tour.ts';
export { createOperator, type Operator } from './operator.ts';
export { reportOf, reportsOf, rollbarHolds, type Report } from './reports.ts';
export { openReception, type PatientForm, type Reception } from './desk/reception.ts';
