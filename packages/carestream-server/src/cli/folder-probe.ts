import {
  closeSync,
  existsSync,
  fsyncSync,
  mkdtempSync,
  openSync,
  readdirSync,
  rmdirSync,
  rmSync,
  statfsSync,
  writeSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import type { FolderFacts } from '../doctor/index.ts';
import { AgentError, isAgentError } from '../runtime/index.ts';
import { isRunning } from '../state/index.ts';

/**
 * Tries what the agent does with its data folder: a file is written, flushed and removed again. A folder that is not there yet is
 * tried by making another one beside where it would be.
 * @throws AgentError STATE_UNUSABLE, DISK_FULL
 */
export function lookAtFolder(dataDir: string): FolderFacts {
  try {
    const exists = existsSync(dataDir);
    const nearest = exists ? dataDir : nearestThatExists(dataDir);
    if (exists) writeAndRemove(join(dataDir, `doctor-${process.pid}.tmp`));
    else rmdirSync(mkdtempSync(join(nearest, 'carestream-doctor-')));
    const { bavail, bsize } = statfsSync(nearest);
    const state = join(dataDir, 'agent.db');
    return { exists, freeBytes: bavail * bsize, agentRuns: isRunning(state) };
  } catch (error) {
    if (isAgentError(error)) throw error;
    const fileCode = (error as NodeJS.ErrnoException).code ?? 'unknown';
    const full = fileCode === 'ENOSPC' || fileCode === 'EDQUOT';
    throw new AgentError(full ? 'DISK_FULL' : 'STATE_UNUSABLE', {
      cause: error,
      details: { fileCode, folder: dataDir },
    });
  }
}

/**
 * A data folder that is there, or that the agent's first start can make; changes nothing.
 * @throws AgentError STATE_UNUSABLE
 */
export function requireFolder(dataDir: string): void {
  try {
    const exists = existsSync(dataDir);
    const nearest = exists ? dataDir : nearestThatExists(dataDir);
    // Throws for what is no folder, and for one that may not be looked into.
    readdirSync(nearest);
    // File systems such as /proc hold no files of anybody.
    if (!exists && statfsSync(nearest).blocks === 0) throw Object.assign(new Error(nearest), { code: 'ENOENT' });
  } catch (error) {
    const fileCode = (error as NodeJS.ErrnoException).code ?? 'unknown';
    throw new AgentError('STATE_UNUSABLE', { cause: error, details: { fileCode, folder: dataDir } });
  }
}

function writeAndRemove(path: string): void {
  const file = openSync(path, 'w');
  try {
    writeSync(file, Buffer.alloc(65_536));
    fsyncSync(file);
  } finally {
    closeSync(file);
    rmSync(path, { force: true });
  }
}

function nearestThatExists(folder: string): string {
  const parent = dirname(folder);
  return parent === folder || existsSync(parent) ? parent : nearestThatExists(parent);
}
