export { createTdsServer } from './server.ts';
export type { TdsServer } from './server.ts';
export type { TdsEvent, TdsServerOptions, TlsMode } from './options.ts';
export { createFaults } from './faults.ts';
export type { Fault, FaultKind, FaultScope, FaultStatus, Faults } from './faults.ts';
