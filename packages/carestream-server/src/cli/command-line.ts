import { exitCodes, hostEnvironment } from '../contract/host-names.ts';
import { version } from '../version.ts';
import type { DoctorOptions } from './run-doctor.ts';

/** Does what the process's arguments say: `carestream-server start --config FILE`. The process ends once nothing is left to do. */
export async function runCommandLine(): Promise<void> {
  // Whoever reads may stop reading: `doctor | head`.
  process.stdout.on('error', () => undefined);
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
  program
    .command('doctor')
    .description('Look at every layer between the configuration and Flynotes, and say how to mend what is wrong.')
    .option('--config <file>', 'the configuration; otherwise as for start')
    .option('--json', 'one line for programs')
    .option('--grant-script [account]', 'only print the T-SQL that lets an account read R4')
    .action(async (options: DoctorOptions, command: InstanceType<typeof Command>) => {
      const account = options.grantScript;
      // A login's name has at most 128 characters (sysname); one without any would come out of an empty variable of a script.
      if (typeof account === 'string' && !/^[^\p{Cc}]{1,128}$/u.test(account.trim()))
        command.error(
          'error: --grant-script takes the name of an account, or nothing for the one of the configuration',
        );
      const { runDoctor } = await import('./run-doctor.ts');
      process.exitCode = await runDoctor(options);
      endForCertain();
    });
  program
    .command('status')
    .description('Tell how the agent is doing, whether it runs at the moment or not.')
    .option('--config <file>', 'the configuration; otherwise as for start')
    .option('--json', 'one line for programs')
    .action(async (options: { config?: string; json?: boolean }) => {
      const { runStatus } = await import('./run-status.ts');
      process.exitCode = runStatus(options);
    });
  program
    .command('schema')
    .description('Explain where each part of what is read stands in this practice’s R4, and what is missing.')
    .option('--config <file>', 'the configuration; otherwise as for start')
    .option('--json', 'one line for programs')
    .action(async (options: { config?: string; json?: boolean }) => {
      const { runSchema } = await import('./run-schema.ts');
      process.exitCode = await runSchema(options);
      endForCertain();
    });
  // What is asked by people has codes of its own, and no agent around it that guards against crashes.
  const isAsked = ['doctor', 'status', 'schema'].includes(process.argv[2] ?? '');
  if (isAsked)
    for (const event of ['uncaughtException', 'unhandledRejection'])
      process.on(event, (error: unknown) => void endOfCrash(error));
  try {
    await program.parseAsync();
  } catch (error) {
    if (!(error instanceof CommanderError)) {
      if (!isAsked) throw error;
      return await endOfCrash(error);
    }
    // Help and version are no failures; a wrong command line is a wrong configuration.
    process.exitCode = error.exitCode === 0 ? 0 : isAsked ? 2 : exitCodes.configuration;
  }
}

/** Where it happened, and nothing of what it says: a driver's message may quote a patient. */
async function endOfCrash(error: unknown): Promise<void> {
  const { factsOf } = await import('../telemetry/index.ts');
  const { class: kind, frames = [] } = factsOf(error, 'cli');
  const places = frames.map((frame) => `  at ${frame}`);
  process.stderr.write([`carestream-server: CRASH, a fault that nobody foresaw (${kind})`, ...places, ''].join('\n'));
  // oxlint-disable-next-line eslint/no-restricted-properties -- only the command line ends the process
  process.exit(2);
}

/** Connections that were given up may still hold the process; what was written has been flushed by then. */
function endForCertain(): void {
  // oxlint-disable-next-line eslint/no-restricted-globals, eslint/no-restricted-properties -- only the command line ends the process
  setTimeout(() => process.exit(), 1_000).unref();
}
