import { describe, expect, test } from 'vitest';
import type { ErrorCode } from '../contract/index.ts';
import { AgentError, isAgentError } from '../runtime/index.ts';
import { resolveDatabaseConfig, type DatabaseConfig, type DatabaseTarget } from './database-config.ts';
import { createDiscovery, type DiscoveryProbes } from './discovery.ts';
import type { BrowserInstance } from './sql-browser.ts';

const signal = new AbortController().signal;

/** A machine on which places answer with codes; what is not named is not there. */
function machine(options: {
  readonly places: Readonly<Record<string, ErrorCode | 'works'>>;
  readonly drivers?: readonly string[];
  readonly instances?: readonly BrowserInstance[];
  readonly config?: DatabaseConfig;
}) {
  const kept = new Map<string, string>();
  const tried: string[] = [];
  const asked: boolean[] = [];
  const { drivers = ['SQL Server Native Client 10.0'], instances = [] } = options;
  const nameOf = (target: DatabaseTarget): string =>
    target.driver === 'odbc'
      ? `${target.host} ${/Driver=\{(.*?)\}/.exec(target.connectionString)?.[1]}`
      : `${target.server}:${target.port ?? target.instance}`;
  const probes: DiscoveryProbes = {
    odbcDrivers: () => Promise.resolve(drivers),
    instances: () => Promise.resolve(instances),
    tryOut(target) {
      const name = nameOf(target);
      tried.push(name);
      asked.push(target.driver === 'odbc' && target.instance !== undefined);
      const outcome = options.places[name] ?? options.places[name.split(' ')[0] ?? ''] ?? 'PRACTICE_UNREACHABLE';
      return outcome === 'works' ? Promise.resolve() : Promise.reject(new AgentError(outcome));
    },
  };
  const search = resolveDatabaseConfig(options.config);
  if (search.driver !== 'search') throw new Error('nothing is left to be searched');
  const notes = {
    get: (key: string) => kept.get(key) ?? null,
    set: (key: string, value: string) => void kept.set(key, value),
  };
  const find = async (): Promise<string> => nameOf(await createDiscovery({ probes, notes }, search).find(signal));
  return { find, tried, asked, kept, places: options.places as Record<string, ErrorCode | 'works'> };
}

const refusal = async (work: Promise<unknown>): Promise<{ code: ErrorCode; tried: unknown }> => {
  const error = await work.catch((reason: unknown) => reason);
  if (!isAgentError(error)) throw new Error('nothing was refused', { cause: error });
  return { code: error.code, tried: error.details['tried'] };
};

const native = 'SQL Server Native Client 10.0';

describe('Windows authentication', () => {
  test('the default instance of this machine, by the best driver', async () => {
    const { find, tried } = machine({ places: { '.': 'works' }, drivers: ['ODBC Driver 17 for SQL Server', native] });
    expect(await find()).toBe('. ODBC Driver 17 for SQL Server');
    expect(tried).toHaveLength(1);
  });

  test('the instance that holds R4’s database', async () => {
    const { find } = machine({
      places: {
        '.': 'PRACTICE_DATABASE_UNAVAILABLE',
        '.\\SQLEXPRESS': 'PRACTICE_DATABASE_UNAVAILABLE',
        '.\\DENTAL': 'works',
      },
      instances: ['MSSQLSERVER', 'SQLEXPRESS', 'DENTAL'].map((instance) => ({ server: 'R4', instance })),
    });
    expect(await find()).toBe(`.\\DENTAL ${native}`);
  });

  test('Browser is silent: the usual names', async () => {
    const { find, tried } = machine({ places: { '.\\R4': 'works' } });
    expect(await find()).toBe(`.\\R4 ${native}`);
    expect(tried[1]).toBe(`.\\SQLEXPRESS ${native}`);
  });

  test('Browser is asked once for the whole machine, and again only for an instance that the configuration names', async () => {
    const searched = machine({ places: {} });
    await refusal(searched.find());
    expect(searched.asked.length).toBeGreaterThan(5);
    expect(searched.asked).not.toContain(true);
    const named = machine({ places: {}, config: 'Server=R4SERVER\\R4;Trusted_Connection=yes' });
    await refusal(named.find());
    expect(named.asked).toEqual([true]);
  });

  test('shared memory and pipes are off: TCP', async () => {
    const { find } = machine({
      places: { '127.0.0.1:1433': 'works' },
      instances: [{ server: 'R4', instance: 'OTHER' }],
    });
    expect(await find()).toBe(`127.0.0.1:1433 ${native}`);
  });

  test('a driver that refuses an old TLS is passed by, and one that is not there is not tried again', async () => {
    const { find, tried } = machine({
      drivers: ['SQL Server Native Client 11.0', 'ODBC Driver 17 for SQL Server', 'SQL Server'],
      places: {
        '. SQL Server Native Client 11.0': 'PRACTICE_ODBC_DRIVER_MISSING',
        '. ODBC Driver 17 for SQL Server': 'PRACTICE_TLS_FAILED',
        '. SQL Server': 'PRACTICE_DATABASE_UNAVAILABLE',
        '.\\SQLEXPRESS ODBC Driver 17 for SQL Server': 'PRACTICE_TLS_FAILED',
        '.\\SQLEXPRESS SQL Server': 'works',
      },
    });
    expect(await find()).toBe('.\\SQLEXPRESS SQL Server');
    expect(tried.filter((name) => name.includes('11.0'))).toHaveLength(1);
  });

  test('no driver at all, and no native part', async () => {
    expect(await refusal(machine({ places: {}, drivers: [] }).find())).toMatchObject({
      code: 'PRACTICE_ODBC_DRIVER_MISSING',
    });
    const lacking = machine({ places: { '.': 'PRACTICE_DRIVER_MISSING' } });
    expect(await refusal(lacking.find())).toMatchObject({ code: 'PRACTICE_DRIVER_MISSING' });
    expect(lacking.tried).toHaveLength(1);
  });

  test('a server that is named is the only place', async () => {
    const { find, tried } = machine({
      config: 'Server=R4SERVER;Trusted_Connection=Yes',
      places: { R4SERVER: 'PRACTICE_NO_ANSWER' },
    });
    expect(await refusal(find())).toEqual({
      code: 'PRACTICE_NO_ANSWER',
      tried: `R4SERVER by ${native}: PRACTICE_NO_ANSWER`,
    });
    expect(tried).toEqual([`R4SERVER ${native}`]);
  });
});

describe('a SQL login', () => {
  const config = { user: 'reader', password: 'secret' };
  test('by the ports that Browser tells', async () => {
    const { find, tried } = machine({
      config,
      places: { '127.0.0.1:49172': 'works' },
      instances: [
        { server: 'R4', instance: 'PIPES' },
        { server: 'R4', instance: 'R4', tcpPort: 49_172 },
      ],
    });
    expect(await find()).toBe('127.0.0.1:49172');
    expect(tried).toEqual(['127.0.0.1:1433', '127.0.0.1:PIPES', '127.0.0.1:49172']);
  });
});

describe('what was found', () => {
  test('is remembered without any login, and used first', async () => {
    const one = machine({
      places: { '.\\R4': 'works' },
      config: { user: 'reader', password: 'secret', driver: 'msnodesqlv8' },
    });
    await one.find();
    expect([...one.kept.values()].join()).not.toMatch(/reader|secret/);
    one.tried.length = 0;
    expect(await one.find()).toBe(`.\\R4 ${native}`);
    expect(one.tried).toEqual([`.\\R4 ${native}`]);
  });

  test('and searched again when it stops working', async () => {
    const one = machine({ places: { '.\\R4': 'works' } });
    await one.find();
    one.places['.\\R4'] = 'PRACTICE_UNREACHABLE';
    one.places['.'] = 'works';
    one.tried.length = 0;
    expect(await one.find()).toBe(`. ${native}`);
    expect(one.tried).toEqual([`.\\R4 ${native}`, `. ${native}`]);
  });

  test.each([
    '',
    'nonsense',
    '[]',
    '7',
    '{"address":{}}',
    '{"address":{"server":7}}',
    '{"address":{"server":"x"},"driver":7}',
  ])('a note that says nothing is passed by: %s', async (note) => {
    const one = machine({ places: { '.': 'works' } });
    one.kept.set('practice.found', note);
    expect(await one.find()).toBe(`. ${native}`);
  });
});

describe('nothing works', () => {
  test('what was tried, and why it was not it', async () => {
    const { code, tried } = await refusal(machine({ places: {} }).find());
    expect(code).toBe('PRACTICE_NOT_FOUND');
    expect(tried).toMatch(
      /^\. by SQL Server Native Client 10\.0: PRACTICE_UNREACHABLE, \.\\SQLEXPRESS by .*127\.0\.0\.1:1433 by/,
    );
  });

  test('a place that says why R4 cannot be opened counts more than places where nobody is', async () => {
    for (const code of ['PRACTICE_LOGIN_UNTRUSTED', 'PRACTICE_DATABASE_OFFLINE', 'PRACTICE_SERVER_PAUSED'] as const) {
      const one = machine({ places: { '.\\R4': code, '.': 'PRACTICE_DATABASE_UNAVAILABLE' } });
      expect((await refusal(one.find())).code).toBe(code);
    }
  });
});
