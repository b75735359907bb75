import { execFileSync } from 'node:child_process';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { mkdirSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createRig, eventually, type Rig } from './rig.ts';

/** Each thing that can be wrong at the start: the code that a person reads, the exit code that the host reads, and what Rollbar heard. */
describe('a start that cannot succeed', () => {
  let rig: Rig;

  beforeAll(async () => {
    rig = await createRig({
      logins: [
        { user: 'flynotes_reader', password: 'reader-password', defaultDatabase: 'sys2000', role: 'reader' },
        {
          user: 'half',
          password: 'half-password',
          defaultDatabase: 'sys2000',
          role: 'reader',
          denied: ['dbo.Patients'],
        },
        {
          user: 'elsewhere',
          password: 'else-password',
          defaultDatabase: 'Tutor',
          role: 'reader',
          databases: ['Tutor'],
        },
      ],
    });
  });
  afterAll(async () => {
    await rig?.[Symbol.asyncDispose]();
  });

  /** Runs the agent to its end. */
  async function run(content: Record<string, unknown> | string): Promise<{ exitCode: number | null; words: string }> {
    const agent = rig.startAgent(content);
    const exitCode = await agent.ended;
    return { exitCode, words: agent.words() };
  }
  const reported = (code: string): boolean => rig.reports().some(({ fields }) => fields['code'] === code);
  const sql = (changes: string): string => {
    const parts = rig.r4
      .connectionString()
      .split(';')
      .filter((part) => !/^(?:Uid|Pwd|Database)=/i.test(part));
    return [...parts, changes].join(';');
  };

  test('an unknown licence key', async () => {
    const { exitCode, words } = await run(rig.config({ licenceKey: 'flynotes-NOT-A-KEY-AT-ALL-0000' }));
    expect(words).toContain('LICENCE_UNKNOWN');
    expect(exitCode).toBe(20);
    expect(words).not.toContain('NOT-A-KEY');
    expect(reported('LICENCE_UNKNOWN')).toBe(true);
  });

  test('a suspended licence', async () => {
    const other = await fetch(`${rig.flynotes.url}/v1/operator/practices`, {
      method: 'POST',
      headers: { authorization: `Bearer ${rig.flynotes.operatorToken}`, 'content-type': 'application/json' },
      body: JSON.stringify({ name: 'Closed Practice', id: 'closed' }),
    });
    const { licenceKey } = (await other.json()) as { licenceKey: string };
    await fetch(`${rig.flynotes.url}/v1/operator/practices/closed/suspend`, {
      method: 'POST',
      headers: { authorization: `Bearer ${rig.flynotes.operatorToken}` },
    });
    const { exitCode, words } = await run(rig.config({ licenceKey }));
    expect(words).toContain('LICENCE_SUSPENDED');
    expect(exitCode).toBe(20);
    expect(reported('LICENCE_SUSPENDED')).toBe(true);
  });

  test('Flynotes away and SQL Server away are both told', async () => {
    const { exitCode, words } = await run(
      rig.config({ flynotesUrl: 'http://127.0.0.1:9', database: 'Server=127.0.0.1,9;Uid=u;Pwd=p;Encrypt=no' }),
    );
    expect(words).toContain('FLYNOTES_UNREACHABLE');
    expect(words).toContain('PRACTICE_UNREACHABLE');
    expect(exitCode).toBe(21);
    expect(reported('FLYNOTES_UNREACHABLE')).toBe(true);
    expect(reported('PRACTICE_UNREACHABLE')).toBe(true);
  });

  test('a refused SQL login', async () => {
    const { exitCode, words } = await run(
      rig.config({ database: sql('Database=sys2000;Uid=flynotes_reader;Pwd=wrong') }),
    );
    expect(words).toContain('PRACTICE_LOGIN_FAILED');
    expect(exitCode).toBe(20);
    expect(reported('PRACTICE_LOGIN_FAILED')).toBe(true);
  });

  test('a database that is not there, and one that may not be opened', async () => {
    const missing = await run(
      rig.config({ database: sql('Database=sys1999;Uid=flynotes_reader;Pwd=reader-password') }),
    );
    expect(missing.words).toContain('PRACTICE_DATABASE_UNAVAILABLE');
    expect(missing.exitCode).toBe(20);
    const closed = await run(rig.config({ database: sql('Database=sys2000;Uid=elsewhere;Pwd=else-password') }));
    expect(closed.words).toContain('PRACTICE_DATABASE_UNAVAILABLE');
    expect(closed.exitCode).toBe(20);
  });

  test('training data is never read', async () => {
    const { exitCode, words } = await run(
      rig.config({ database: sql('Database=tutor;Uid=elsewhere;Pwd=else-password') }),
    );
    expect(exitCode).toBe(20);
    expect(words).toMatch(/CONFIG_FIELD_INVALID|PRACTICE_/);
  });

  test('no right to read the patients', async () => {
    const { exitCode, words } = await run(rig.config({ database: sql('Database=sys2000;Uid=half;Pwd=half-password') }));
    expect(words).toContain('PRACTICE_PERMISSION_DENIED');
    expect(words).toMatch(/Patients/i);
    expect(exitCode).toBe(20);
  });

  test.each([
    ['a page of a captive portal', 200, 'text/html', '<html>Please log in to the Wi-Fi</html>'],
    ['half an answer', 200, 'application/json', '{"practice":{"id":"practice-12"}}'],
  ])('a licence answer that does not parse: %s', async (_what, status, type, body) => {
    const server: Server = createServer((_request, response) =>
      response.writeHead(status, { 'content-type': type }).end(body),
    );
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const flynotesUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const { exitCode, words } = await run(rig.config({ flynotesUrl }));
    server.close();
    expect(words).toContain('LICENCE_ANSWER_INVALID');
    expect(exitCode).toBe(21);
  });

  test('a Windows path with single backslashes names the line and the mend', async () => {
    const { exitCode, words } = await run(
      `\uFEFF{\n  "licenceKey": "flynotes-0000",\n  "dataDir": "C:\\ProgramData\\Flynotes"\n}`,
    );
    expect(exitCode).toBe(20);
    expect(words).toMatch(/CONFIG_(?:NOT_JSON|FIELD_INVALID)/);
    expect(words).toMatch(/line: 3/);
    expect(words).toMatch(/backslash/i);
  });

  test('a field that is missing and one that is misspelt are both named', async () => {
    const config = rig.config({ licenceKey: undefined, databse: 'x' });
    const { exitCode, words } = await run(JSON.stringify(config, null, 2));
    expect(exitCode).toBe(20);
    expect(words).toContain('CONFIG_FIELD_MISSING');
    expect(words).toContain('licenceKey');
    expect(words).toContain('CONFIG_FIELD_UNKNOWN');
    expect(words).toContain('databse');
  });

  test('a proxy of the environment that is no address', async () => {
    const agent = rig.startAgent(rig.config(), { environment: { HTTPS_PROXY: 'proxy.example.com:8080' } });
    expect(await agent.ended).toBe(20);
    expect(agent.words()).toMatch(/CONFIG_FIELD_INVALID.*HTTPS_PROXY.*http:\/\/host:port/);
  });

  test('no file, and a data folder that cannot be one', async () => {
    const nothing = await run('');
    expect(nothing.exitCode).toBe(20);
    const { exitCode, words } = await run(rig.config({ dataDir: '/proc/nowhere' }));
    expect(words).toContain('STATE_UNUSABLE');
    expect(exitCode).toBe(20);
  });

  test.skipIf(process.platform !== 'linux' || process.getuid?.() !== 0)('a disk that is full', async () => {
    const mount = path.join(rig.folder, 'small-disk');
    mkdirSync(mount);
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', mount]);
    try {
      const agent = rig.startAgent(rig.config({ dataDir: mount }));
      const code = await eventually(
        'the code',
        () => /DISK_FULL|STATE_UNUSABLE/.exec(agent.words())?.[0] ?? reportedDisk(),
      );
      expect(code).toBe('DISK_FULL');
      agent.signal('SIGKILL');
      await agent.ended;
    } finally {
      execFileSync('umount', [mount]);
    }
    function reportedDisk(): string | undefined {
      return rig.reports().find(({ fields }) => fields['code'] === 'DISK_FULL') && 'DISK_FULL';
    }
  });
});
