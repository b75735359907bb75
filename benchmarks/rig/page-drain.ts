/**
 * The least that reading costs: the very pages that the agent reads, over raw tedious; every row is looked at, none is kept.
 *
 * `node page-drain.ts PORT DATABASE PAGE_ROWS`; each `{}` on standard input is one drain.
 */
import { Connection, Request, TYPES } from 'tedious';
import { createPracticeConnector } from '../../packages/carestream-server/src/practice/index.ts';
import { createStatements } from '../../packages/carestream-server/src/practice/statements.ts';
import { createSystemClock } from '../../packages/carestream-server/src/runtime/system-clock.ts';
import { answerCommands } from './commands.ts';

const [, , port = '', database = '', pageRowsText = '2000'] = process.argv;
const pageRows = Number(pageRowsText);
const log = { emit: () => undefined, error: () => undefined };
const reader = await createPracticeConnector({ clock: createSystemClock(), log }, { database }).open(
  new AbortController().signal,
);
const statements = createStatements(reader.schema, 'read-uncommitted');
await reader[Symbol.asyncDispose]();

const connection = new Connection({
  server: '127.0.0.1',
  authentication: { type: 'default', options: { userName: 'flynotes_reader', password: 'reader-password' } },
  options: {
    port: Number(port),
    database: 'sys2000',
    encrypt: false,
    trustServerCertificate: true,
    tdsVersion: '7_3_B',
    packetSize: 32_767,
    requestTimeout: 0,
  },
});
await new Promise<void>((resolve, reject) => {
  connection.connect((error) => (error ? reject(error) : resolve()));
});

const drainPage = (after: number | null): Promise<{ rows: number; last: number }> =>
  new Promise((resolve, reject) => {
    let [rows, last] = [0, 0];
    const text = after === null ? statements.firstPage(pageRows) : statements.nextPage(pageRows);
    const request = new Request(text, (error) => (error ? reject(error) : resolve({ rows, last })));
    request.on('row', (row: readonly { value: unknown }[]) => {
      rows += 1;
      last = row[0]?.value as number;
    });
    if (after !== null) request.addParameter('after', TYPES.Int, after);
    connection.execSql(request);
  });

await answerCommands({ columns: statements.columns.length }, async () => {
  const startedMs = performance.now();
  let total = 0;
  for (let after: number | null = null; ;) {
    const { rows, last }: { rows: number; last: number } = await drainPage(after);
    total += rows;
    if (rows < pageRows) return { elapsedMs: performance.now() - startedMs, rows: total };
    after = last;
  }
});
connection.close();
