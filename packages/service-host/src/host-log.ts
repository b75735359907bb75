import { appendFileSync, mkdirSync, renameSync, rmSync, statSync } from 'node:fs';
import path from 'node:path';
import { places, type Role } from './agent-interface.ts';

/** What the host tells: one line each on standard output and in its log. No field has room for a value of a patient. */
export type HostEvent =
  | { readonly event: 'host-started'; readonly hostVersion: string; readonly node: string; readonly pid: number }
  | { readonly event: 'host-stopped' }
  | { readonly event: 'host-waits'; readonly reason: string }
  | { readonly event: 'state-rebuilt'; readonly stable: string | null; readonly candidate: string | null }
  | { readonly event: 'state-not-written' }
  | { readonly event: 'staged'; readonly folder: string; readonly version: string; readonly sequence: number }
  | { readonly event: 'staged-refused'; readonly reason: string }
  | { readonly event: 'not-launched'; readonly folder: string; readonly role: Role; readonly reason: string }
  | { readonly event: 'nothing-to-run' }
  | {
      readonly event: 'launched';
      readonly pid: number;
      readonly version: string;
      readonly folder: string;
      readonly role: Role;
      /** `installed` is the release that came with the installer. */
      readonly from: 'arrived' | 'installed';
      readonly try?: number;
    }
  | {
      readonly event: 'health';
      readonly pid: number;
      readonly healthy: boolean;
      readonly checks: Readonly<Record<string, boolean>>;
    }
  | {
      readonly event: 'exited';
      readonly pid: number;
      readonly version: string;
      readonly role: Role;
      readonly exitCode: number | null;
      readonly signal: string | null;
      readonly words: string | null;
      /** Before the next start. */
      readonly pauseMs: number;
    }
  | { readonly event: 'turn-over'; readonly version: string; readonly reason: string }
  | { readonly event: 'strike'; readonly version: string; readonly strikes: number }
  | { readonly event: 'world-broken'; readonly version: string; readonly nextTurnMs: number }
  | { readonly event: 'promoted'; readonly version: string; readonly folder: string }
  | { readonly event: 'quarantined'; readonly version: string; readonly attempt: number; readonly reason: string }
  | { readonly event: 'removed'; readonly folder: string };

/** Where events go. */
export interface HostLog {
  write(event: HostEvent): void;
}

/** How large the log may get. */
export interface HostLogOptions {
  readonly fileBytes: number;
  readonly files: number;
}

/** Half a year of a quiet practice; a few days of one that crashes all the time. */
export const hostLogOptions: HostLogOptions = { fileBytes: 1_000_000, files: 4 };

/** A log in `<data>/logs/host.log`. It may fail, on a full disk for one; nothing depends on it. */
export function createHostLog(
  dataDir: string,
  deps: { readonly now: () => number; readonly tell: (line: string) => void },
  options: HostLogOptions = hostLogOptions,
): HostLog {
  const dir = path.join(dataDir, places.logs);
  const fileOf = (age: number): string => path.join(dir, age === 0 ? 'host.log' : `host.${age}.log`);

  const rotate = (): void => {
    if ((statSync(fileOf(0), { throwIfNoEntry: false })?.size ?? 0) < options.fileBytes) return;
    rmSync(fileOf(options.files - 1), { force: true });
    for (let age = options.files - 2; age >= 0; age--) {
      if (statSync(fileOf(age), { throwIfNoEntry: false }) !== undefined) renameSync(fileOf(age), fileOf(age + 1));
    }
  };

  return {
    write(event) {
      const line = JSON.stringify({ at: new Date(deps.now()).toISOString(), ...event });
      deps.tell(line);
      // Health changes often where the world is unsteady; the agent keeps that.
      if (event.event === 'health') return;
      try {
        mkdirSync(dir, { recursive: true });
        rotate();
        appendFileSync(fileOf(0), `${line}\n`);
      } catch {
        // Said on standard output all the same.
      }
    },
  };
}
