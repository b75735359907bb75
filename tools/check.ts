import { run, say, type StepResult } from './steps.ts';

const source = '--conditions=@flynotes/source';

/** Everything that can be known without starting anything: format, lint, types, architecture, documents, packaging. */
export function check(): StepResult[] {
  return [
    run('format', ['oxfmt', '--check']),
    run('lint', ['oxlint', '--type-aware', '--deny-warnings']),
    run('types', ['tsc', '-p', 'tsconfig.json']),
    run('architecture', ['vitest', 'run', '--project', 'architecture']),
    run('documents are current', ['node', source, 'tools/docs.ts', '--check']),
    run('packaging', ['node', source, 'tools/packaging.ts']),
  ];
}

if (import.meta.main) {
  const failed = check().filter((step) => !step.passed);
  say(failed.length === 0 ? '\ncheck passed' : `\ncheck FAILED: ${failed.map(({ name }) => name).join(', ')}`);
  process.exitCode = failed.length === 0 ? 0 : 1;
}
