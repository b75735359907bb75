import { writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import type { Benchmark } from './benchmark.ts';
import { renderReport } from './report.ts';
import { renderJson, renderTable, type Measured } from './table.ts';

/** Every benchmark there is. A new one is a module with an export `benchmark`, and a line here. */
const benchmarks: Readonly<Record<string, () => Promise<{ readonly benchmark: Benchmark }>>> = {
  P0: () => import('./p0.bench.ts'),
  P1: () => import('./p1.bench.ts'),
  P2: () => import('./p2.bench.ts'),
  P3: () => import('./p3.bench.ts'),
  P4: () => import('./p4.bench.ts'),
  P5: () => import('./p5.bench.ts'),
  P6: () => import('./p6.bench.ts'),
  P7: () => import('./p7.bench.ts'),
  P8: () => import('./p8.bench.ts'),
};

const usage = `npm run bench [-- NAME…] [--json] [--write FILE]

NAME    ${Object.keys(benchmarks).join(', ')}; all of them unless told
--json  the last line of standard output is one JSON object on one line
--write FILE  also writes the results as a page: docs/performance.md

A missed figure is shown as missed and is no failure; a benchmark that cannot run is (exit code 1).
`;

/** Runs what the arguments name. @returns the exit code */
const main = async (args: readonly string[]): Promise<number> => {
  let parsed;
  try {
    parsed = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: { json: { type: 'boolean' }, write: { type: 'string' }, help: { type: 'boolean', short: 'h' } },
    });
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n\n${usage}`);
    return 2;
  }
  if (parsed.values.help === true) {
    process.stdout.write(usage);
    return 0;
  }
  const names =
    parsed.positionals.length > 0 ? parsed.positionals.map((name) => name.toUpperCase()) : Object.keys(benchmarks);
  const unknown = names.filter((name) => benchmarks[name] === undefined);
  if (unknown.length > 0) {
    process.stderr.write(`There is no benchmark called ${unknown.join(', ')}.\n\n${usage}`);
    return 2;
  }

  process.stdout.write(
    `Node ${process.versions.node}, ${process.platform} ${process.arch}, ${availableParallelism()} cores\n\n`,
  );
  const startedMs = performance.now();
  const results: Measured[] = [];
  let crashed = false;
  for (const key of new Set(names)) {
    const load = benchmarks[key];
    if (load === undefined) continue;
    try {
      const { benchmark } = await load();
      process.stderr.write(`${key}: ${benchmark.title}\n`);
      results.push({ key, benchmark, outcome: await benchmark.run((line) => process.stderr.write(`  ${line}\n`)) });
    } catch (error) {
      crashed = true;
      process.stderr.write(
        `${key} could not run: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`,
      );
    }
  }
  if (results.length > 0) process.stdout.write(`${renderTable(results)}\n`);
  if (parsed.values.write !== undefined && results.length > 0) {
    const measured = new Set(results.map(({ key }) => key));
    const notRun = Object.keys(benchmarks).filter((key) => !measured.has(key));
    writeFileSync(
      parsed.values.write,
      renderReport(results, { at: new Date(), elapsedMs: performance.now() - startedMs, notRun }),
    );
  }
  if (parsed.values.json === true) process.stdout.write(`${renderJson(results)}\n`);
  return crashed ? 1 : 0;
};

process.exitCode = await main(process.argv.slice(2));
