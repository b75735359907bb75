import { readFileSync } from 'node:fs';
import { cpus, release, totalmem } from 'node:os';
import path from 'node:path';
import { reached, type Figure } from './benchmark.ts';
import { meanings } from './meanings.ts';
import type { Measured } from './table.ts';

const root = path.resolve(import.meta.dirname, '..');

const short = (value: number): string =>
  Math.abs(value) >= 1000 ? Math.round(value).toLocaleString('en-GB') : String(Number(value.toPrecision(3)));
const bound = ({ bound: kind, value }: Figure): string => `${kind === 'at-least' ? '≥' : '≤'} ${short(value)}`;

const versionOf = (name: string): string => {
  const file = path.join(root, 'node_modules', name, 'package.json');
  return `${name} ${(JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version}`;
};

/** What the figures were measured on. */
export const machine = (): string[] => {
  const [first] = cpus();
  return [
    `- ${process.platform} ${release()}, ${process.arch}; ${cpus().length} × ${first?.model.trim() ?? 'unknown'}; ${Math.round(totalmem() / 2 ** 30)} GB`,
    `- Node ${process.versions.node}, V8 ${process.versions.v8}, OpenSSL ${process.versions.openssl}, zstd ${process.versions['zstd'] ?? '–'}`,
    `- ${['tedious', 'mssql', 'postgres', 'sqs-consumer', '@aws-sdk/client-sqs'].map(versionOf).join(', ')}`,
  ];
};

const section = ({ key, benchmark, outcome }: Measured): string[] => [
  `### ${key}`,
  '',
  `${benchmark.title[0]?.toUpperCase()}${benchmark.title.slice(1)}. Measured: ${outcome.method}.`,
  '',
  ...(meanings[key] === undefined ? [] : [meanings[key].trim(), '']),
  '| leg | |',
  '|---|---:|',
  ...outcome.legs.map(({ name, value, unit }) => `| ${name} | ${short(value)} ${unit} |`),
  '',
];

/** `docs/performance.md` of a run: what was measured on which machine, what each number means, and what was missed. */
export const renderReport = (
  results: readonly Measured[],
  run: { readonly at: Date; readonly elapsedMs: number; readonly notRun: readonly string[] },
): string => {
  const rows = results.flatMap(({ key, benchmark, outcome }) =>
    benchmark.figures.map((figure, index) => {
      const value = outcome.figures[figure.name];
      const cells = [
        index === 0 ? `[${key}](#${key.toLowerCase()})` : '',
        `\`${figure.name}\``,
        value === undefined ? '–' : short(value),
        bound(figure),
        reached(figure, value) ? 'reached' : '**missed**',
      ];
      return `| ${cells.join(' | ')} |`;
    }),
  );
  return [
    '# Performance',
    '',
    '<!-- Written by `npm run bench -- --write docs/performance.md`. -->',
    '',
    `Measured ${run.at.toISOString().slice(0, 16).replace('T', ' ')} UTC in ${Math.round(run.elapsedMs / 60_000)} minutes:`,
    '',
    ...machine(),
    '',
    'Every speed is a ratio of two sides that were measured alternately in one run, because machines are noisy; the median of the pairs counts. A',
    '*floor* is the least work that the wire allows; a *peer* is a complete program as it is usually written from popular libraries (`benchmarks/peer`).',
    'R4, Flynotes, floor, peer and agent are processes of their own on the same machine, and share its cores.',
    '',
    '| | figure | measured | must reach | |',
    '|---|---|---:|---|---|',
    ...rows,
    '',
    ...(run.notRun.length === 0 ? [] : [`Not run: ${run.notRun.join(', ')}.`, '']),
    '## What each number means',
    '',
    ...results.flatMap(section),
    meanings['notes']?.trim() ?? '',
    '',
  ].join('\n');
};
