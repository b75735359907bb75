// oxlint-disable eslint/no-restricted-imports -- a rig of the tests makes its own folders
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createVirtualClock } from '@flynotes/testkit';
import type { EventName, Log } from '../runtime/index.ts';
import { openState } from '../state/index.ts';
import { createBulkUploads, type BulkOptions } from './bulk-uploads.ts';
import { createKeyedDigester } from './digester.ts';
import { createInMemoryFlynotes } from './in-memory-flynotes.ts';
import { createInMemoryPractice } from './in-memory-practice.ts';
import { createPatientPuts } from './patient-puts.ts';
import { createPatientUploads } from './patient-uploads.ts';
import type { UploadDeps } from './ports.ts';

/** The digest key of the tests. */
export const testKey = Buffer.alloc(32, 7).toString('base64');

/** An uploading agent between doubles of its two ends, with its real state on disk. For tests. */
export function createUploadRig(options: BulkOptions & { readonly key?: string } = {}) {
  const dataDir = mkdtempSync(join(tmpdir(), 'carestream-upload-'));
  const clock = createVirtualClock();
  const events: { name: EventName; fields: Record<string, unknown> }[] = [];
  const errors: unknown[] = [];
  const log: Log = {
    emit: (name, fields) => void events.push({ name, fields: fields as Record<string, unknown> }),
    error: (error) => void errors.push(error),
  };
  const practice = createInMemoryPractice();
  const digester = createKeyedDigester({ key: options.key ?? testKey, canonicalVersion: 1 });
  const flynotes = createInMemoryFlynotes(digester);
  let state = openState(join(dataDir, 'agent.db'), { clock });

  const assemble = () => {
    const deps: UploadDeps = {
      practice: () => practice.reader,
      flynotes: flynotes.port,
      state,
      clock,
      log,
      puts: createPatientPuts(clock),
      digester,
      timeZone: 'Europe/London',
    };
    return { deps, bulk: createBulkUploads(deps, options), patients: createPatientUploads(deps) };
  };
  let parts = assemble();

  return {
    clock,
    practice,
    flynotes,
    events,
    errors,
    digester,
    dataDir,
    get state() {
      return state;
    },
    get deps() {
      return parts.deps;
    },
    get bulk() {
      return parts.bulk;
    },
    get patients() {
      return parts.patients;
    },
    /** Ends the agent and starts another on the same data; `loseState` starts it on none. */
    restart(loseState = false) {
      state.close();
      if (loseState) rmSync(dataDir, { recursive: true });
      state = openState(join(dataDir, 'agent.db'), { clock });
      parts = assemble();
    },
    /** What R4 and Flynotes hold, as number → surname, to be compared. */
    inR4: () => sorted([...practice.rows].map(([code, rows]) => [code, rows[0]?.surname])),
    atFlynotes: () => sorted([...flynotes.held].map(([code, { record }]) => [code, record.surname])),
    [Symbol.dispose]() {
      state.close();
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
}

function sorted(entries: [number, unknown][]): Map<number, unknown> {
  return new Map(entries.sort(([one], [other]) => one - other));
}

/** @see {@link createUploadRig} */
export type UploadRig = ReturnType<typeof createUploadRig>;

/** A signal that nobody aborts. */
export const neverAborted: AbortSignal = new AbortController().signal;
