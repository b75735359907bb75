import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { createFlynotesServer } from '@flynotes/flynotes-server';
import { createR4Server } from '@flynotes/sandbox/r4-server';
import { expect, test } from 'vitest';

const patients = 6_000;
const pageRows = 400;
const kills = 3;

/** A process that runs one pass, says each batch that was acknowledged, and then how the pass ended. */
function startPass(facts: Readonly<Record<'path' | 'database' | 'url' | 'licenceKey' | 'key', string>>): ChildProcess {
  const from = (file: string) => JSON.stringify(new URL(file, import.meta.url).href);
  const source = `
    import { writeSync } from 'node:fs';
    import { openState } from ${from('../state/index.ts')};
    import { createFlynotesClient } from ${from('../flynotes/index.ts')};
    import { createPracticeConnector } from ${from('../practice/index.ts')};
    import { createSystemClock } from ${from('../runtime/system-clock.ts')};
    import { createBulkUploads, createKeyedDigester, createPatientPuts } from ${from('index.ts')};
    const facts = ${JSON.stringify(facts)};
    const clock = createSystemClock();
    const log = { emit() {}, error(error) { writeSync(2, String(error) + '\\n'); } };
    const signal = new AbortController().signal;
    const state = openState(facts.path, { clock });
    const client = createFlynotesClient({ clock }, { baseUrl: facts.url, licenceKey: facts.licenceKey });
    const flynotes = { ...client, async sendBatch(...call) {
      writeSync(1, 'batch\\n');
      return client.sendBatch(...call);
    } };
    const opened = await createPracticeConnector({ clock, log }, { database: facts.database }).open(signal);
    const reader = { ...opened, async readBasicsPage(...call) {
      writeSync(1, 'page\\n');
      return opened.readBasicsPage(...call);
    } };
    const digester = createKeyedDigester({ key: facts.key, canonicalVersion: 1 });
    const bulk = createBulkUploads(
      { practice: () => reader, flynotes, state, clock, log, digester, puts: createPatientPuts(clock), timeZone: 'Europe/London' },
      { pace: { pageRows: ${pageRows}, pauseRatio: 0 } },
    );
    writeSync(1, JSON.stringify(await bulk.request('scheduled', signal)) + '\\n');
    process.exit(0);`;
  return spawn(process.execPath, ['--conditions=@flynotes/source', '--input-type=module', '--eval', source], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
}

test('killed in the middle again and again, the pass goes on and ends equal', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'carestream-killed-'));
  let child: ChildProcess | null = null;
  try {
    await using r4 = await createR4Server({ patients, seed: 7 });
    await using server = await createFlynotesServer({ operatorToken: 'operator-token-of-the-tests' });
    const { practice, licenceKey } = await server.practices.create({ name: 'Highgate', timeZone: 'Europe/London' });
    const facts = {
      path: join(folder, 'agent.db'),
      database: r4.connectionString(),
      url: server.url,
      licenceKey,
      key: practice.digestKey,
    };
    let last = '';
    let pages = 0;
    for (let life = 0; life <= kills; life++) {
      child = startPass(facts);
      if (!child.stdout) throw new Error('no standard output');
      let batches = 0;
      pages = 0;
      for await (const line of createInterface({ input: child.stdout })) {
        last = line;
        if (line === 'page') pages += 1;
        // Each life dies with a batch under way: its first or its second.
        if (line === 'batch' && life < kills && ++batches === 1 + (life % 2)) child.kill('SIGKILL');
      }
    }
    const figures = JSON.parse(last) as { outcome: string; patients: number; rows: number };
    // The last life did not begin at the first page, and still the figures are those of the whole pass.
    expect(figures).toMatchObject({ outcome: 'equal', resumed: true, rows: patients });
    expect(pages).toBeLessThan(patients / pageRows);
    const count = async (sql: string) => (await server.database.query<{ n: number }>(sql, [practice.id]))[0]?.n ?? NaN;
    const held = `select count(*)::int as n from patients where practice_id = $1 and state = 'held'`;
    expect(await count(held)).toBe(figures.patients);
    expect(figures.patients).toBeGreaterThan(patients * 0.9);
    // One pass, gone on with by each life; and each kill made at most its one batch travel twice.
    expect(await count('select count(*)::int as n from passes where practice_id = $1')).toBe(1);
    const again = 'select (unchanged + stale)::int as n from passes where practice_id = $1';
    expect(await count(again)).toBeLessThanOrEqual(kills * 1_000);
  } finally {
    child?.kill('SIGKILL');
    rmSync(folder, { recursive: true, force: true });
  }
}, 180_000);
