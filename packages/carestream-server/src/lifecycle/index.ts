export { live, type LifeResult } from './life.ts';
export { lifeTimes, type LifeTimes } from './times.ts';
export { exitCodeOf, type EndReason } from './end-reason.ts';
export { beginRun, markedRun, type MarkedRun, type RunMarker } from './run-marker.ts';
export { noteEnd, notedVitals, noteHeartbeat, type NotedEnd } from './vital-notes.ts';
export type { LifeDeps, LifeOptions, PracticeOpener, PracticePort, Work, WorkContext } from './ports.ts';
