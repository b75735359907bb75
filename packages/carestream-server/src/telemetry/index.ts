export { createTelemetry, type Telemetry, type TelemetryOptions } from './telemetry.ts';
export { takeCrashRecord, writeCrashRecord, type CrashRecord } from './crash-record.ts';
export { createEpisodes, type Episodes } from './episodes.ts';
export type { Delivery } from './report-drain.ts';
export type { Outbox, Report, ReportKind } from './reports.ts';
export { submitEvent, type Submission } from './submit-event.ts';
export { factsOf } from './error-facts.ts';
