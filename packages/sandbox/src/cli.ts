import { Command, InvalidArgumentError, Option } from 'commander';
import { defaultPortBase, takePorts } from './ports.ts';
import { dialectNames, defaultPatients, type DialectName } from './r4-server/practice/index.ts';
import { startSandbox, type Sandbox } from './sandbox.ts';
import { listenForKeys } from './terminal-keys.ts';
import type { TourContext } from './tour/step.ts';
import { takeTour } from './tour/tour.ts';

interface CliOptions {
  readonly patients: number;
  readonly seed: number;
  readonly dialect: DialectName;
  readonly portBase: number;
  readonly once?: boolean;
  readonly json?: boolean;
  readonly updates?: boolean;
  readonly release?: boolean;
}

const number = (least: number, most: number) => (text: string) => {
  const value = Number(text);
  if (/^\d+$/.test(text) && value >= least && value <= most) return value;
  throw new InvalidArgumentError(`It takes a whole number from ${least} to ${most}.`);
};

const program = new Command('sandbox')
  .description(
    'A dental practice and Flynotes on this machine: R4 over TDS, SQS, Rollbar, flynotes-server and the agent.',
  )
  .option('--patients <n>', 'patients in R4', number(1, 5_000_000), defaultPatients)
  .option('--seed <n>', 'the same seed gives the same practice', number(0, 4_294_967_295), 1)
  .addOption(
    new Option('--dialect <name>', 'how this practice’s R4 spells its tables')
      .choices([...dialectNames])
      .default('classic'),
  )
  .option('--port-base <n>', 'the first of five ports; 0 takes free ones', number(0, 65_000), defaultPortBase)
  .option('--release', 'the agent as it is released, built for the occasion, instead of its source')
  .option('--updates', 'with a private npm registry, and the real service host that installs new versions')
  .option('--once', 'take the tour: prove each promise once, then stop')
  .option('--json', 'with --once: end standard output with one JSON line');

const write = (line: string): void => void process.stdout.write(`${line}\n`);

program.parse();
const options = program.opts<CliOptions>();
// The report stays alone on standard output where a program reads it.
const say = options.json === true ? (line: string): void => void process.stderr.write(`${line}\n`) : write;

const startedAt = performance.now();
const seconds = (): string => `${((performance.now() - startedAt) / 1000).toFixed(1)} s`;

const interrupted = Promise.withResolvers<'interrupted'>();
let signals = 0;
let ending = false;
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.on(signal, () => {
    interrupted.resolve('interrupted');
    signals += 1;
    // Whoever cannot wait: the parts notice by their closed standard input that they are alone, and end.
    if (signals > 2) process.exit(130);
  });
}

try {
  say(`Starting a practice with ${options.patients} patients (${options.dialect}) …`);
  await using sandbox = await startSandbox({
    ...options,
    ports: await takePorts(options.portBase),
    pauseFactor: 0.02,
    say: (line) => say(`${seconds().padStart(7)}  ${line}`),
  });
  void firstPatient(sandbox);
  const doing = options.once === true ? tour(sandbox) : watch(sandbox);
  const end = await Promise.race([doing, interrupted.promise]);
  if (end === 'interrupted' && options.once === true) process.exitCode = 130;
  else if (typeof end === 'number') process.exitCode = end;
  ending = true;
  doing.catch(() => undefined);
  say('Stopping …');
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
// A tour that was interrupted would go on asking what is no longer there.
if (signals > 0) process.exit();

async function tour(sandbox: Sandbox): Promise<number> {
  const context: TourContext = {
    sandbox,
    counts: { inR4: 0, accepted: 0, refused: 0 },
    passWithinMs: 180_000 + 2 * options.patients,
  };
  const report = await takeTour(context, (step, result) => {
    say(`${seconds().padStart(7)}  ${result.ok ? '✓' : '✗'} ${step.name}: ${step.shows}`);
    say(`         ${JSON.stringify(result.evidence)}`);
  });
  if (options.json === true) write(JSON.stringify(report));
  else write(report.ok ? 'Everything was proved.' : 'NOT everything was proved.');
  return report.ok ? 0 : 1;
}

async function firstPatient({ operator }: Sandbox): Promise<void> {
  while ((await operator.patientsHeld().catch(() => 0)) === 0) {
    await new Promise((resolve) => setTimeout(resolve, 100).unref());
    if (ending) return;
  }
  say(`${seconds().padStart(7)}  the first patients are at Flynotes`);
}

async function watch(sandbox: Sandbox): Promise<'watched'> {
  say('');
  for (const [name, address] of Object.entries(sandbox.addresses)) say(`  ${name.padEnd(24)} ${address}`);
  say('');
  await listenForKeys(sandbox, say);
  return 'watched';
}
