export { type HostEvent, type HostLog, createHostLog } from './host-log.ts';
export { type HostTimes, hostTimes } from './times.ts';
export { type SupervisorOptions, supervise } from './supervisor.ts';
