import type { CheckResult, CheckStatus } from './check.ts';
import type { Examination } from './examine.ts';

const marks: Readonly<Record<CheckStatus, string>> = {
  pass: '  ok  ',
  warn: ' WARN ',
  fail: ' FAIL ',
  'not-checked': '  --  ',
};
/** SGR colours (ECMA-48 8.3.117). */
const colours: Readonly<Record<CheckStatus, number>> = { pass: 32, warn: 33, fail: 31, 'not-checked': 90 };
const nameWidth = 13;

/** One check for a person: a mark, its name, what was found, and below that what to do. */
export function lineOf(result: CheckResult, coloured: boolean): string {
  const mark = `[${marks[result.status]}]`;
  const shown = coloured ? `\u001b[${colours[result.status]}m${mark}\u001b[0m` : mark;
  const code = result.code === null ? '' : `${result.code}: `;
  const found = result.found.replaceAll('\n', `\n${' '.repeat(9 + nameWidth + 1)}`);
  const lines = [`${shown} ${result.name.padEnd(nameWidth)} ${code}${found}`];
  if (result.todo !== null) lines.push(`${' '.repeat(9 + nameWidth + 1)}-> ${result.todo}`);
  return `${lines.join('\n')}\n`;
}

/** What is said after the last check: the sum, and scripts, each once. */
export function closingOf({ checks, exitCode }: Examination): string {
  const count = (status: CheckStatus): number => checks.filter((result) => result.status === status).length;
  const sums = [
    `${count('pass')} ok`,
    `${count('warn')} to look at`,
    `${count('fail')} failed`,
    `${count('not-checked')} not checked`,
  ];
  const verdict = [
    'All is well.',
    'It works; look at the warnings.',
    'Mend what failed, from the top, and run this again.',
  ];
  const scripts = [...new Set(checks.flatMap(({ script }) => script ?? []))];
  const shown = scripts.map((script) => `\nThis T-SQL gives the agent the least it needs:\n\n${script}\n`);
  return `\n${sums.join(', ')}. ${verdict[exitCode]}\n${shown.join('')}`;
}

/** The whole examination on one line. A script stands with what to do. */
export function jsonOf({ checks, exitCode }: Examination): string {
  return JSON.stringify({
    ok: exitCode !== 2,
    checks: checks.map(({ name, status, code, ms, found, todo, script }) => ({
      name,
      status,
      code,
      ms,
      found,
      todo: script === undefined ? todo : `${todo ?? ''}\n${script}`,
    })),
  });
}
