import { buildPackage } from './build.ts';
import { run, say } from './steps.ts';

const folder = 'packages/carestream-server';
const built = await buildPackage();
const steps = [
  run('publint', ['publint', 'run', folder, '--strict', '--pack', 'npm']),
  run('are the types wrong', ['attw', '--pack', folder, '--profile', 'esm-only']),
];
const passed = built && steps.every((step) => step.passed);
if (!passed) say('packaging FAILED');
process.exitCode = passed ? 0 : 1;
