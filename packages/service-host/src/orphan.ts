import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { places } from './agent-interface.ts';
import { readObject, wholeOf } from './json-file.ts';

const lookEveryMs = 50;

/** Leaves a note of which process is the agent, for a host that comes after a killed one. */
export function noteAgent(dataDir: string, pid: number | null): void {
  try {
    if (pid === null) rmSync(fileOf(dataDir), { force: true });
    else writeFileSync(fileOf(dataDir), JSON.stringify({ pid }));
  } catch {
    // Then two agents may meet for some seconds; their database is made for it.
  }
}

/**
 * Waits for the agent of a host that was killed: it ends by itself, as its standard input has closed. One that does not is killed where the
 * operating system tells that it is ours; where it does not, a number alone is no reason to kill.
 */
export async function awaitOrphan(dataDir: string, withinMs: number, stop: AbortSignal): Promise<void> {
  const pid = wholeOf(readObject(fileOf(dataDir))?.['pid'], 2);
  if (pid === null || pid === process.pid) return;
  const rounds = Math.ceil(withinMs / lookEveryMs);
  for (let round = 0; round < rounds && !stop.aborted; round++) {
    if (!maybeAgent(pid)) return;
    await sleep(lookEveryMs);
  }
  if (process.platform === 'linux' && maybeAgent(pid)) process.kill(pid, 'SIGKILL');
}

function maybeAgent(pid: number): boolean {
  try {
    if (process.platform === 'linux') {
      const words = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
      return words.some((word) => word.endsWith(places.agentEntry));
    }
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

function fileOf(dataDir: string): string {
  return path.join(dataDir, 'state', 'agent-process.json');
}
