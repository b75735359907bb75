#!/usr/bin/env node
import { exitCodes, hostEnvironment } from '../contract/host.ts';
import { version } from '../version.ts';

/** The command line: `carestream-server start --config FILE`. */
async function main(): Promise<void> {
  const { Command, CommanderError } = await import('commander');
  const program = new Command('carestream-server')
    .description('Keeps Flynotes current with a practice’s Carestream R4.')
    .version(version)
    .exitOverride()
    .showHelpAfterError();
  program
    .command('start')
    .description('Run until the day is over or something asks for an end; a host then starts it again.')
    .option(
      '--config <file>',
      `the configuration; otherwise config.json in the folder that ${hostEnvironment.dataDir} names`,
    )
    .action(async (options: { config?: string }) => {
      // Help and version need not load what runs the agent.
      const { runStart } = await import('./run-start.ts');
      process.exitCode = await runStart(options.config);
    });
  try {
    await program.parseAsync();
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    // Help and version are no failures; a wrong command line is a wrong configuration.
    process.exitCode = error.exitCode === 0 ? 0 : exitCodes.configuration;
  }
}

await main();
