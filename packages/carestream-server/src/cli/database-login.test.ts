import { describe, expect, test } from 'vitest';
import { accountOf, databaseLoginOf } from './database-login.ts';

describe('whom a script is for', () => {
  test.each([
    ['Server=.,1433;Uid=reader;Pwd=x', 'reader', 'sys2000', false],
    ['Server=R4SERVER,1433;Uid=reader;Pwd=x', 'reader', 'sys2000', true],
    ['Server=.;Database=NG_R4_sys2000;Trusted_Connection=Yes', null, 'NG_R4_sys2000', false],
    ['Server=R4SERVER;Trusted_Connection=Yes', null, 'sys2000', true],
    [
      'Driver={SQL Server Native Client 11.0};Server=.;Database=sys2000;UID={re;ader};PWD=x',
      're;ader',
      'sys2000',
      false,
    ],
    ['Driver={SQL Server};Server=R4SERVER\\R4;Trusted_Connection=Yes', null, 'sys2000', true],
    ['DSN=R4;UID=reader;PWD=x', 'reader', 'sys2000', false],
    [{ server: 'r4server', user: 'reader', password: 'x' }, 'reader', 'sys2000', true],
    [{}, null, 'sys2000', false],
    [undefined, null, 'sys2000', false],
  ] as const)('%j', (config, user, database, remote) => {
    const isNamed = config !== undefined && (typeof config === 'string' || 'server' in config);
    expect(databaseLoginOf(config)).toEqual({ user, database, searched: !isNamed, remote });
  });

  test.each([
    ['reader', 'jo', false, { kind: 'sql', name: 'reader' }],
    [null, 'jo', false, { kind: 'windows', name: 'PRACTICE\\jo' }],
    [null, 'jo', true, { kind: 'windows', name: 'PRACTICE\\jo' }],
    [null, 'SYSTEM', false, { kind: 'windows', name: 'NT AUTHORITY\\SYSTEM' }],
    [null, 'network service', false, { kind: 'windows', name: 'NT AUTHORITY\\NETWORK SERVICE' }],
    [null, 'FlynotesAgent', false, { kind: 'windows', name: 'NT SERVICE\\FlynotesAgent' }],
    // Another machine knows such accounts as the machine itself.
    [null, 'SYSTEM', true, { kind: 'windows', name: 'PRACTICE\\PC7$' }],
    [null, 'FlynotesAgent', true, { kind: 'windows', name: 'PRACTICE\\PC7$' }],
  ])('%s of %s, on another machine %s', (user, username, remote, account) => {
    const login = { user, database: 'sys2000', searched: false, remote };
    expect(accountOf(login, { username, domain: 'PRACTICE', computer: 'PC7' })).toEqual(account);
  });

  test('where Windows does not tell its domain', () => {
    const login = { user: null, database: 'sys2000', searched: false, remote: false };
    expect(accountOf(login, { username: 'jo', domain: undefined, computer: undefined }).name).toBe('DOMAIN\\jo');
  });
});
