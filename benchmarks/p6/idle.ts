import { readdirSync, readFileSync } from 'node:fs';

/** What a process used of a processor so far, all its threads together, in milliseconds. */
export function cpuMsOf(pid: number): number {
  const folder = `/proc/${pid}/task`;
  // Nanoseconds on a processor; the counters of /proc/…/stat know hundredths of a second alone.
  const nanoseconds = readdirSync(folder).map((thread) =>
    Number(readFileSync(`${folder}/${thread}/schedstat`, 'utf8').split(' ', 1)[0]),
  );
  return nanoseconds.reduce((sum, each) => sum + each, 0) / 1e6;
}

/** What a process holds of memory now, in MB. */
export function rssMbOf(pid: number): number {
  const [, kilobytes] = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
  if (kilobytes === undefined) throw new Error(`Nothing is known of the memory of process ${pid}.`);
  return Number(kilobytes) / 1024;
}
