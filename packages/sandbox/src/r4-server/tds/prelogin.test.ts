import { expect, test } from 'vitest';
import { agreeEncryption, ENCRYPT, parsePrelogin, writePrelogin } from './prelogin.ts';
import { preloginBody } from './raw-client.fixture.ts';

test('the answer has the version of SQL Server 2008 R2 and can be read by the same rules', () => {
  const answer = writePrelogin({ major: 10, minor: 50, build: 4000 }, ENCRYPT.required);
  expect(parsePrelogin(answer).encryption).toBe(ENCRYPT.required);
  const offset = answer.readUInt16BE(1);
  expect([...answer.subarray(offset, offset + 6)]).toEqual([10, 50, 0x0f, 0xa0, 0, 0]);
});

test('an asked-for client certificate is overlooked', () => {
  expect(parsePrelogin(preloginBody(0x81)).encryption).toBe(ENCRYPT.on);
});

test.each([
  ['none', ENCRYPT.on, ENCRYPT.notSupported, 'none'],
  ['none', ENCRYPT.off, ENCRYPT.notSupported, 'none'],
  ['offered', ENCRYPT.off, ENCRYPT.off, 'login-only'],
  ['offered', ENCRYPT.on, ENCRYPT.on, 'whole-connection'],
  ['offered', ENCRYPT.required, ENCRYPT.on, 'whole-connection'],
  ['offered', ENCRYPT.notSupported, ENCRYPT.notSupported, 'none'],
  ['forced', ENCRYPT.off, ENCRYPT.required, 'whole-connection'],
  ['forced', ENCRYPT.notSupported, ENCRYPT.required, 'whole-connection'],
  ['forced', ENCRYPT.on, ENCRYPT.on, 'whole-connection'],
] as const)('encryption %s, asked for %i: answer %i, %s', (policy, asked, answer, scope) => {
  expect(agreeEncryption(policy, asked)).toEqual({ answer, scope });
});
