import { readdirSync, readFileSync } from 'node:fs';

/** Processor time of all threads of a process that it has had by now, in ms. */
export const processorMsOf = (pid: number): number =>
  readdirSync(`/proc/${pid}/task`)
    .map((thread) => Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8').split(' ')[0]))
    .reduce((sum, nanoseconds) => sum + nanoseconds, 0) / 1e6;
