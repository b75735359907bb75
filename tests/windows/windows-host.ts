import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import type { HostEvent } from '@flynotes/service-host';
import type { Transcript } from './transcript.ts';
import type { Wine, WineRun } from './wine.ts';

/** Where the MSI puts things. */
export const installFolder = 'C:\\Program Files\\Flynotes\\Agent';
export const dataFolder = 'C:\\ProgramData\\Flynotes\\Agent';
/** 1603, of which Unix sees the lowest byte. */
export const installFailed = 1603 & 0xff;

/** The installed service as an administrator and a support engineer see it. */
export interface WindowsHost {
  /** `msiexec`, silent, with its log. */
  msiexec(words: readonly string[]): Promise<WineRun & { readonly log: string }>;
  service(...words: readonly string[]): Promise<WineRun>;
  /** What the host has told in its log, oldest first. */
  events(): readonly HostEvent[];
  config(): Record<string, unknown>;
  /** Node.js processes: the supervisor's and the agent's. */
  nodes(): readonly { readonly pid: number; readonly command: string }[];
  filesIn(windowsPath: string): readonly string[];
}

/** @see {@link WindowsHost} */
export function createWindowsHost(wine: Wine, transcript: Transcript): WindowsHost {
  const program = wine.at(`${installFolder}\\carestream-service.exe`);
  return {
    async msiexec(words) {
      const logFile = path.join(wine.at('C:\\'), 'msi.log');
      transcript.command(`msiexec ${words.map(quoted).join(' ')} /qn`);
      const run = await wine.run('msiexec', [...words, '/qn', '/l*v', 'C:\\msi.log']);
      const log = existsSync(logFile) ? readFileSync(logFile, 'utf8') : '';
      transcript.seen(`exit code ${run.exitCode === installFailed ? 1603 : run.exitCode}`);
      return { ...run, log };
    },
    async service(...words) {
      transcript.command(`carestream-service ${words.map(quoted).join(' ')}`);
      const run = await wine.run(program, words);
      transcript.seen(run.output);
      return run;
    },
    events() {
      const file = wine.at(`${dataFolder}\\logs\\host.log`);
      if (!existsSync(file)) return [];
      return readFileSync(file, 'utf8')
        .split('\n')
        .filter((line) => line.endsWith('}'))
        .map((line) => JSON.parse(line) as HostEvent);
    },
    config: () => JSON.parse(readFileSync(wine.at(`${dataFolder}\\config.json`), 'utf8')) as Record<string, unknown>,
    nodes: () => wine.processes().filter(({ command }) => command.includes('node.exe')),
    filesIn: (windowsPath) =>
      existsSync(wine.at(windowsPath))
        ? readdirSync(wine.at(windowsPath), { recursive: true, encoding: 'utf8' }).toSorted()
        : [],
  };
}

function quoted(word: string): string {
  return /[\s;]/.test(word) ? `"${word}"` : word;
}

/** Asks until it holds. */
export async function eventually<Answer>(
  what: string,
  probe: () => Promise<Answer | null | undefined | false> | Answer | null | undefined | false,
  withinMs = 60_000,
): Promise<Answer> {
  const endsAt = performance.now() + withinMs;
  for (;;) {
    const answer = await probe();
    if (answer !== null && answer !== undefined && answer !== false) return answer;
    if (performance.now() > endsAt) throw new Error(`not within ${withinMs / 1000} s: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
