import { expect, test } from 'vitest';
import { negotiatePacketSize, parseLogin7 } from './login7.ts';
import { login7Body } from './raw-client.fixture.ts';
import { negotiateVersion } from './tds-version.ts';

test('every field is found, the password unscrambled', () => {
  const login = parseLogin7(
    login7Body({
      user: 'Zoë',
      password: 'pä$$ wörd 日本',
      database: 'sys2000',
      applicationName: 'app',
      hostName: 'SURGERY-1',
      packetSize: 8000,
      tdsVersion: 0x74000004,
    }),
  );
  expect(login).toEqual({
    user: 'Zoë',
    password: 'pä$$ wörd 日本',
    database: 'sys2000',
    applicationName: 'app',
    hostName: 'SURGERY-1',
    packetSize: 8000,
    tdsVersion: 0x74000004,
    language: '',
    integrated: false,
  });
  expect(parseLogin7(login7Body({ flags2: 0x80 })).integrated).toBe(true);
});

test.each([
  [0, false, 4096],
  [1, false, 512],
  [8000, false, 8000],
  [99_999, false, 32_767],
  [32_767, true, 16_383],
])('packet size %i (encrypted %s) becomes %i', (asked, encrypted, agreed) => {
  expect(negotiatePacketSize(asked, encrypted)).toBe(agreed);
});

test.each([
  [0x74000004, '7.3B'],
  [0x730b0003, '7.3B'],
  [0x730a0003, '7.3A'],
  [0x72090002, '7.2'],
  [0x71000001, '7.1'],
  [0x70000000, undefined],
])('protocol version %i becomes %s', (asked, agreed) => {
  expect(negotiateVersion(asked)?.name).toBe(agreed);
});
