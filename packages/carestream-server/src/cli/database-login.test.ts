import { describe, expect, test } from 'vitest';
import { accountOf, databaseLoginOf } from './database-login.ts';

describe('whom a script is for', () => {
  test.each([
    ['Server=.,1433;Uid=reader;Pwd=x', 'reader', 'sys2000'],
    ['Server=.;Database=NG_R4_sys2000;Trusted_Connection=Yes', null, 'NG_R4_sys2000'],
    ['Driver={SQL Server Native Client 11.0};Server=.;Database=sys2000;UID={re;ader};PWD=x', 're;ader', 'sys2000'],
    ['Driver={SQL Server};Server=.;Trusted_Connection=Yes', null, 'sys2000'],
    ['DSN=R4;UID=reader;PWD=x', 'reader', 'sys2000'],
    [{ server: 'r4server', user: 'reader', password: 'x' }, 'reader', 'sys2000'],
    [{}, null, 'sys2000'],
    [undefined, null, 'sys2000'],
  ] as const)('%j', (config, user, database) => {
    const isNamed = config !== undefined && (typeof config === 'string' || 'server' in config);
    expect(databaseLoginOf(config)).toEqual({ user, database, searched: !isNamed });
  });

  test.each([
    ['reader', 'jo', undefined, { kind: 'sql', name: 'reader' }],
    [null, 'jo', 'PRACTICE', { kind: 'windows', name: 'PRACTICE\\jo' }],
    [null, 'SYSTEM', 'PRACTICE', { kind: 'windows', name: 'NT AUTHORITY\\SYSTEM' }],
    [null, 'network service', 'PRACTICE', { kind: 'windows', name: 'NT AUTHORITY\\NETWORK SERVICE' }],
    [null, 'jo', undefined, { kind: 'windows', name: 'DOMAIN\\jo' }],
  ])('%s of %s', (user, username, domain, account) => {
    expect(accountOf(user, { username, domain })).toEqual(account);
  });
});
