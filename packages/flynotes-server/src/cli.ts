#!/usr/bin/env -S node --conditions=@flynotes/source
import { CommanderError } from 'commander';
import { ConfigError } from './cli/config.ts';
import { createProgram } from './cli/program.ts';
import { isProblemError } from './http/index.ts';

const program = createProgram({
  env: process.env,
  out: (line) => void process.stdout.write(`${line}\n`),
  err: (line) => void process.stderr.write(`${line}\n`),
  stopAsked: () =>
    new Promise((resolve) => {
      process.once('SIGTERM', () => resolve());
      process.once('SIGINT', () => resolve());
    }),
});

try {
  await program.parseAsync();
} catch (error) {
  process.exitCode = exitCodeOf(error);
}

function exitCodeOf(error: unknown): number {
  // commander has said it already; help and version are no errors.
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
  const say = (text: string): void => void process.stderr.write(`flynotes-server: ${text}\n`);
  if (error instanceof ConfigError) {
    say(`the configuration cannot be used\n${error.message}`);
    return 2;
  }
  if (isProblemError(error)) say(`${error.problem.title} ${error.problem.detail ?? ''} (${error.problem.code})`);
  else if (error instanceof AggregateError)
    say(String(error.errors[0] instanceof Error ? error.errors[0].message : error));
  else say(error instanceof Error ? error.message : 'failed');
  return 1;
}
