import { runInNewContext } from 'node:vm';
import { expect, test } from 'vitest';
import { standIn } from './stand-ins.ts';

/** Evaluates what stands in for a module. */
function load(id: string): Record<string, new () => unknown> {
  const module = { exports: {} as Record<string, new () => unknown> };
  runInNewContext(standIn(id) ?? 'throw new Error("nothing stands in")', { module, exports: module.exports, process });
  return module.exports;
}

test.each([
  ['@azure/identity', 'DefaultAzureCredential'],
  ['@azure/identity', 'UsernamePasswordCredential'],
  ['@azure/keyvault-keys', 'KeyClient'],
  ['@aws-sdk/credential-provider-node', 'defaultProvider'],
])('%s: who asks for %s is told that it is not there', (id, name) => {
  const Credential = load(id)[name];
  expect(() => Credential && new Credential()).toThrow(
    `${id} is not part of the agent: this way to log in is not supported.`,
  );
});

test('what prints queries where the environment has DEBUG prints nothing', () => {
  const debug = load('debug') as unknown as (name: string) => { (...words: unknown[]): void; enabled: boolean };
  expect(debug('mssql:tedious').enabled).toBe(false);
  expect(debug('mssql:tedious')('SELECT 1')).toBeUndefined();
});

test('what the agent needs is itself', () => {
  for (const id of ['tedious', 'mssql', '@aws-sdk/client-sqs', 'zod']) expect(standIn(id)).toBeUndefined();
});
