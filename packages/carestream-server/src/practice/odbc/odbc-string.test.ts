import { expect, test } from 'vitest';
import { orderedDrivers } from './installed-drivers.ts';
import { odbcTarget, type OdbcStringParts } from './odbc-string.ts';

const parts: OdbcStringParts = {
  driver: 'SQL Server Native Client 10.0',
  address: { server: '.' },
  login: 'windows',
  database: 'sys2000',
  trustServerCertificate: false,
};
const made = (more: Partial<OdbcStringParts>): string => odbcTarget({ ...parts, ...more }).connectionString;

test.each<[Partial<OdbcStringParts>, string]>([
  [
    {},
    'Driver={SQL Server Native Client 10.0};Server=.;Database={sys2000};Trusted_Connection=Yes;APP=carestream-server;Encrypt=no;',
  ],
  [
    { address: { server: 'R4', instance: 'X' }, trustServerCertificate: true },
    'Driver={SQL Server Native Client 10.0};Server=R4\\X;Database={sys2000};Trusted_Connection=Yes;APP=carestream-server;Encrypt=yes;TrustServerCertificate=yes;',
  ],
  [
    { address: { server: '127.0.0.1', port: 1433 }, login: { user: 'a;b', password: 'x};PWD=y' } },
    'Driver={SQL Server Native Client 10.0};Server=tcp:127.0.0.1,1433;Database={sys2000};UID={a;b};PWD={x}};PWD=y};APP=carestream-server;Encrypt=no;',
  ],
  [
    { driver: 'FreeTDS', address: { server: 'R4', port: 1500 }, encrypt: false },
    'Driver={FreeTDS};Server=R4;Port=1500;Database={sys2000};Trusted_Connection=Yes;APP=carestream-server;Encryption=off;',
  ],
])('%o', (more, expected) => {
  expect(made(more)).toBe(expected);
});

test('over a network nothing goes unencrypted, unless the configuration says so', () => {
  expect(made({ address: { server: 'R4' } })).toContain('Encrypt=yes;');
  expect(made({ address: { server: 'R4' }, encrypt: false })).toContain('Encrypt=no;');
  expect(made({ address: { server: 'R4' }, driver: 'FreeTDS' })).toContain('Encryption=require;');
});

test('of the drivers that are there, those for SQL Server, the best first', () => {
  expect(
    orderedDrivers([
      'SQL Server',
      'Microsoft Access Driver (*.mdb)',
      'ODBC Driver 18 for SQL Server',
      'sql server native client 10.0',
      'PostgreSQL',
    ]),
  ).toEqual(['SQL Server Native Client 10.0', 'SQL Server', 'ODBC Driver 18 for SQL Server']);
});
