import { reached, type Benchmark, type Figure, type Outcome } from './benchmark.ts';

/** A benchmark with what it measured. */
export interface Measured {
  readonly key: string;
  readonly benchmark: Benchmark;
  readonly outcome: Outcome;
}

const sign = (figure: Figure): string => (figure.bound === 'at-least' ? '≥' : '≤');

const short = (value: number): string =>
  Math.abs(value) >= 1000 ? Math.round(value).toLocaleString('en-GB') : String(Number(value.toPrecision(3)));

const rowsOf = ({ key, benchmark, outcome }: Measured): string[][] => {
  const figures = benchmark.figures.map((figure, index) => {
    const value = outcome.figures[figure.name];
    return [
      index === 0 ? key : '',
      figure.name,
      value === undefined ? '–' : short(value),
      `${sign(figure)} ${short(figure.value)}`,
      reached(figure, value) ? 'reached' : 'missed',
    ];
  });
  const legs = outcome.legs.map((leg) => ['', `  ${leg.name}`, `${short(leg.value)} ${leg.unit}`, '', '']);
  return [...figures, ...legs];
};

/** The results as a table for a person: each ratio with the absolute sides under it. */
export const renderTable = (results: readonly Measured[]): string => {
  const rows = [['', 'figure', 'measured', 'must reach', ''], ...results.flatMap(rowsOf)];
  const widths = [0, 1, 2, 3, 4].map((column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const line = (row: readonly string[]): string =>
    row
      .map((cell, column) =>
        column === 2 || column === 3 ? cell.padStart(widths[column] ?? 0) : cell.padEnd(widths[column] ?? 0),
      )
      .join('  ')
      .trimEnd();
  const [head = [], ...body] = rows;
  const titles = results.map(({ key, benchmark, outcome }) => `${key}: ${benchmark.title} (${outcome.method})`);
  return [line(head), line(widths.map((width) => '─'.repeat(width))), ...body.map(line), '', ...titles].join('\n');
};

/** The results as one JSON object on one line. */
export const renderJson = (results: readonly Measured[]): string =>
  JSON.stringify(
    Object.fromEntries(
      results.map(({ key, benchmark, outcome }) => [
        key,
        {
          ...outcome.figures,
          reached: benchmark.figures.every((figure) => reached(figure, outcome.figures[figure.name])),
          legs: Object.fromEntries(
            outcome.legs.map((leg) => [`${leg.name} (${leg.unit})`, Number(leg.value.toPrecision(4))]),
          ),
        },
      ]),
    ),
  );
