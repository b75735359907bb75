import { spawnSync } from 'node:child_process';
import path from 'node:path';

/** The repository's root folder. */
export const root = path.resolve(import.meta.dirname, '..');

/** What one step ended with. */
export interface StepResult {
  readonly name: string;
  readonly passed: boolean;
  readonly elapsedMs: number;
}

/** Prints a line. Tools speak on standard output. */
export function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

/** Runs a command of this repository's own tool set, with its output where ours goes. */
export function run(name: string, command: readonly string[], environment: NodeJS.ProcessEnv = {}): StepResult {
  const [program = '', ...words] = command;
  say(`\n— ${name}: ${command.join(' ')}`);
  const startedAt = performance.now();
  const result = spawnSync(path.join(root, 'node_modules/.bin', program), words, {
    cwd: root,
    stdio: ['ignore', 'inherit', 'inherit'],
    env: { ...process.env, ...environment },
  });
  const elapsedMs = performance.now() - startedAt;
  const passed = result.status === 0;
  say(`${passed ? 'passed' : 'FAILED'}: ${name} (${(elapsedMs / 1000).toFixed(1)} s)`);
  return { name, passed, elapsedMs };
}
