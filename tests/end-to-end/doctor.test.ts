import { execFileSync } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import path from 'node:path';
import { createFlynotesServer } from '@flynotes/flynotes-server';
import { createR4Server, defaultLogins } from '@flynotes/sandbox/r4-server';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { freeTdsString, odbcMissing } from '../../packages/carestream-server/src/practice/odbc/odbc-rig.ts';
import { createSelfSignedCertificate } from '../../packages/sandbox/src/r4-server/tds/certificate.ts';
import {
  blackHole,
  closedPort,
  examined,
  front,
  letThrough,
  listen,
  runCli,
  serve,
  type Examined,
} from './doctor-rig.ts';
import { createRig, type Rig } from './rig.ts';

const checkNames =
  'config clock disk dns proxy flynotes-tls licence registry sql-server sql-tls sql-login sql-database sql-read sql-write schema sample queue rollbar'.split(
    ' ',
  );
const flynotesChecks = ['clock', 'dns', 'proxy', 'flynotes-tls', 'licence', 'registry', 'queue'];
const practiceChecks = [
  'sql-server',
  'sql-tls',
  'sql-login',
  'sql-database',
  'sql-read',
  'sql-write',
  'schema',
  'sample',
];
const reader = defaultLogins[0]!;

let rig: Rig;
let stack: AsyncDisposableStack;
beforeAll(async () => {
  rig = await createRig({
    patients: 60,
    logins: [
      ...defaultLogins,
      { ...reader, user: 'disabled', failure: 18_470 },
      { ...reader, user: 'must_change', failure: 18_488 },
      { ...reader, user: 'elsewhere', databases: ['other'] },
      { ...reader, user: 'no_patients', denied: ['dbo.Patients'] },
      { ...reader, user: 'no_email', denied: ['dbo.Patients.EMail'] },
      { ...reader, user: 'no_alerts', denied: ['dbo.MedicalAlerts'] },
      { ...reader, user: 'no_answers', denied: ['dbo.QuestionnaireAnswers'] },
    ],
  });
  const { engine } = rig.r4;
  const int = { name: 'int' } as const;
  const text = { name: 'nvarchar', length: 60 } as const;
  const columns = (...names: string[]) =>
    names.map((name, index) => ({ name, type: index === 0 ? int : text, nullable: index > 0 }));
  const table = (name: string, ...names: string[]) =>
    ({ name, kind: 'table', columns: columns(...names), primaryKey: [names[0] ?? ''] }) as const;
  const made = (name: string, ...tables: ReturnType<typeof table>[]) => {
    const database = engine.createDatabase(name);
    for (const each of tables) database.defineTable(each);
    return database;
  };
  const patients = ['PatientCode', 'Title', 'Forename', 'Surname', 'Address1', 'PostCode'];
  made('other', table('Stock', 'StockID', 'Item'));
  made('two_surnames', table('Patients', ...patients, 'LastName')).insert('Patients', [
    [1, 'Mr', 'Idris', 'Vaughan', '1 Elm Street', 'CF10 1AA', 'Vaughan'],
  ]);
  made('two_emails', table('Patients', ...patients, 'DOB', 'BirthDate')).insert('Patients', [
    [1, 'Mr', 'Idris', 'Vaughan', '1 Elm Street', 'CF10 1AA', '', ''],
  ]);
  made('patients_alone', table('Patients', ...patients)).insert('Patients', [
    [1, 'Ms', 'Canary', 'Unmistakable', '1 Elm Street', 'CF10 1AA'],
  ]);
  made('nobody', table('Patients', ...patients));
  made('nameless', table('Patients', ...patients)).insert('Patients', [[1, '', '', '', '', '']]);
});
afterAll(() => rig[Symbol.asyncDispose]());
afterEach(async () => {
  rig.sqs.faults.clear();
  rig.r4.faults.clear();
  rig.rollbar.fail(0, 500);
  await stack?.disposeAsync();
});

/** A configuration with one thing wrong, and what the doctor must say of it. */
interface Cause {
  readonly name: string;
  readonly check: string;
  readonly code: string;
  readonly status?: 'warn';
  /** Must be said to the reader. */
  readonly says?: RegExp;
  /** Makes the world wrong; what is put on the stack ends with the test. */
  arrange(
    stack: AsyncDisposableStack,
  ): Promise<Readonly<Record<string, unknown>> | string> | Readonly<Record<string, unknown>> | string;
  readonly environment?: (folder: string) => NodeJS.ProcessEnv;
}

const sql = (user: string, more = ''): string => `${rig.r4.connectionString(user)}${more}`;
const inDatabase = (name: string): string => rig.r4.connectionString().replace('sys2000', name);
const problem = (status: number, code: string) => (_: unknown, response: import('node:http').ServerResponse) => {
  response.writeHead(status, { 'content-type': 'application/problem+json' });
  response.end(JSON.stringify({ type: 'about:blank', title: 'No', status, code }));
  return true;
};

const brokenConfigurations: Cause[] = [
  {
    name: 'no JSON',
    check: 'config',
    code: 'CONFIG_NOT_JSON',
    arrange: () => '{ "dataDir": "C:\\Data" }',
    says: /line: 1/,
  },
  {
    name: 'a field is missing',
    check: 'config',
    code: 'CONFIG_FIELD_MISSING',
    arrange: () => rig.config({ licenceKey: undefined }),
    says: /licenceKey/,
  },
  {
    name: 'a field is misspelt',
    check: 'config',
    code: 'CONFIG_FIELD_UNKNOWN',
    arrange: () => rig.config({ datadir: 'x' }),
    says: /did you mean dataDir/,
  },
  {
    name: 'an address that is none',
    check: 'config',
    code: 'CONFIG_FIELD_INVALID',
    arrange: () => rig.config({ flynotesUrl: 'flynotes' }),
    says: /https:/,
  },
  {
    name: 'R4’s training database',
    check: 'config',
    code: 'CONFIG_FIELD_INVALID',
    arrange: () => rig.config({ database: inDatabase('Tutor') }),
    says: /training/,
  },
  {
    name: 'a proxy of the environment that is no address',
    check: 'config',
    code: 'CONFIG_FIELD_INVALID',
    arrange: () => rig.config(),
    environment: () => ({ HTTPS_PROXY: 'proxy:8080' }),
    says: /HTTPS_PROXY/,
  },
];

const machine: Cause[] = [
  {
    name: 'the data folder lies under a file',
    check: 'disk',
    code: 'STATE_UNUSABLE',
    arrange() {
      writeFileSync(path.join(rig.folder, 'a-file'), '');
      return rig.config({ dataDir: path.join(rig.folder, 'a-file', 'data') });
    },
  },
  {
    name: 'the data folder cannot be made',
    check: 'disk',
    code: 'STATE_UNUSABLE',
    arrange: () => rig.config({ dataDir: '/proc/no-such-folder/data' }),
    says: /ENOENT|EACCES|EROFS|EPERM/,
  },
  {
    name: 'the clock is three hours ahead',
    check: 'clock',
    code: 'CLOCK_WRONG',
    says: /3 hours ahead/,
    arrange: async (stack) => {
      const date = new Date(Date.now() - 3 * 3_600_000).toUTCString();
      return rig.config({ flynotesUrl: stack.use(await front(rig.flynotes.url, { headers: { date } })).url });
    },
  },
  {
    name: 'the clock is three minutes behind',
    check: 'clock',
    code: 'CLOCK_WRONG',
    status: 'warn',
    says: /3 minutes behind/,
    arrange: async (stack) => {
      const date = new Date(Date.now() + 3 * 60_000).toUTCString();
      return rig.config({ flynotesUrl: stack.use(await front(rig.flynotes.url, { headers: { date } })).url });
    },
  },
];

const selfSigned = async (stack: AsyncDisposableStack, validUntil?: Date) => {
  const certificate = await createSelfSignedCertificate({
    commonName: 'flynotes.example.com',
    modulusBits: 2048,
    digest: 'sha256',
    ...(validUntil === undefined ? {} : { validUntil }),
  });
  writeFileSync(path.join(rig.folder, 'ca.pem'), certificate.cert);
  const { url } = stack.use(await listen(createHttpsServer(certificate, problem(404, 'NOT_FOUND')), 'https'));
  return rig.config({ flynotesUrl: url });
};

const throughProxy = async (stack: AsyncDisposableStack, answer: string) => {
  const server = createServer();
  server.on('connect', (_, socket) => socket.end(answer));
  const proxy = stack.use(await listen(server));
  return rig.config({ flynotesUrl: 'https://flynotes.example.com', proxy: proxy.url });
};

const wayToFlynotes: Cause[] = [
  {
    name: 'the name cannot be resolved',
    check: 'dns',
    code: 'FLYNOTES_NAME_UNRESOLVED',
    arrange: () => rig.config({ flynotesUrl: 'https://flynotes.invalid' }),
  },
  {
    name: 'the proxy wants a password',
    check: 'proxy',
    code: 'PROXY_REFUSED',
    says: /407/,
    arrange: (stack) => throughProxy(stack, 'HTTP/1.1 407 Proxy Authentication Required\r\n\r\n'),
  },
  {
    name: 'the proxy is away',
    check: 'proxy',
    code: 'PROXY_REFUSED',
    says: /ECONNREFUSED/,
    arrange: async () =>
      rig.config({ flynotesUrl: 'https://flynotes.example.com', proxy: `http://127.0.0.1:${await closedPort()}` }),
  },
  {
    name: 'nobody listens at Flynotes’ address',
    check: 'flynotes-tls',
    code: 'FLYNOTES_UNREACHABLE',
    arrange: async () => rig.config({ flynotesUrl: `http://127.0.0.1:${await closedPort()}` }),
  },
  {
    name: 'a firewall swallows what goes to Flynotes',
    check: 'flynotes-tls',
    code: 'FLYNOTES_TIMEOUT',
    arrange: async (stack) => rig.config({ flynotesUrl: stack.use(await blackHole()).url }),
  },
  {
    name: 'a certificate that nobody signed',
    check: 'flynotes-tls',
    code: 'FLYNOTES_TLS_FAILED',
    says: /SELF_SIGNED/,
    arrange: (stack) => selfSigned(stack),
  },
  {
    name: 'a certificate that is over',
    check: 'flynotes-tls',
    code: 'FLYNOTES_TLS_FAILED',
    says: /CERT_HAS_EXPIRED/,
    arrange: (stack) => selfSigned(stack, new Date(Date.now() - 86_400_000)),
    environment: (folder) => ({ NODE_EXTRA_CA_CERTS: path.join(folder, 'ca.pem') }),
  },
  {
    name: 'a captive portal',
    check: 'flynotes-tls',
    code: 'FLYNOTES_INTERCEPTED',
    arrange: async (stack) => {
      const { url } = stack.use(
        await serve((_, response) => {
          response.writeHead(200, { 'content-type': 'text/html' });
          response.end('<h1>Welcome to the waiting room’s Wi-Fi</h1>');
        }),
      );
      return rig.config({ flynotesUrl: url });
    },
  },
  {
    name: 'a redirect to a sign-in page',
    check: 'flynotes-tls',
    code: 'FLYNOTES_INTERCEPTED',
    says: /302/,
    arrange: async (stack) => {
      const { url } = stack.use(
        await serve((_, response) => {
          response.writeHead(302, { location: 'http://login.example.com/' });
          response.end();
        }),
      );
      return rig.config({ flynotesUrl: url });
    },
  },
];

const licence: Cause[] = [
  {
    name: 'a wrong licence key',
    check: 'licence',
    code: 'LICENCE_UNKNOWN',
    arrange: () => rig.config({ licenceKey: 'flk_nobody-has-this-one' }),
  },
  {
    name: 'a suspended licence',
    check: 'licence',
    code: 'LICENCE_SUSPENDED',
    arrange: async () => {
      const { practice, licenceKey } = await rig.flynotes.practices.create({
        name: 'Low Street',
        timeZone: 'Europe/London',
      });
      await rig.flynotes.practices.setSuspended(practice.id, true);
      return rig.config({ licenceKey });
    },
  },
  {
    name: 'this version is too old',
    check: 'licence',
    code: 'AGENT_TOO_OLD',
    arrange: async (stack) => {
      const newer = stack.use(
        await createFlynotesServer({ operatorToken: 'another-token-of-the-tests', agentVersionLeast: '99.0.0' }),
      );
      const { licenceKey } = await newer.practices.create({ name: 'Low Street', timeZone: 'Europe/London' });
      return rig.config({ flynotesUrl: newer.url, licenceKey });
    },
  },
  {
    name: 'Flynotes is overloaded',
    check: 'licence',
    code: 'FLYNOTES_UNAVAILABLE',
    arrange: async (stack) =>
      rig.config({ flynotesUrl: stack.use(await front('', { instead: problem(503, 'SERVER_INTERNAL') })).url }),
  },
  {
    name: 'an answer that cannot be understood',
    check: 'licence',
    code: 'LICENCE_ANSWER_INVALID',
    arrange: async (stack) =>
      rig.config({
        flynotesUrl: stack.use(await front(rig.flynotes.url, { body: (text) => text.slice(0, text.length / 2) })).url,
      }),
  },
  {
    name: 'the registry refuses its token',
    check: 'registry',
    code: 'REGISTRY_REFUSED',
    says: /401/,
    arrange: async (stack) => {
      const registry = stack.use(await serve(problem(401, 'E401')));
      return rig.config({ flynotesUrl: await naming(stack, registry.url) });
    },
  },
  {
    name: 'the registry is away',
    check: 'registry',
    code: 'REGISTRY_UNREACHABLE',
    arrange: async (stack) =>
      rig.config({ flynotesUrl: await naming(stack, `http://127.0.0.1:${await closedPort()}`) }),
  },
];

/** Flynotes with a registry in its answers. */
async function naming(stack: AsyncDisposableStack, url: string): Promise<string> {
  const body = (text: string): string => {
    const answer = JSON.parse(text) as Record<string, unknown>;
    return JSON.stringify('practice' in answer ? { ...answer, registry: { url, token: 'npm_example' } } : answer);
  };
  return stack.use(await front(rig.flynotes.url, { body })).url;
}

const practice: Cause[] = [
  {
    name: 'SQL Server is away',
    check: 'sql-server',
    code: 'PRACTICE_UNREACHABLE',
    arrange: async () => rig.config({ database: `Server=127.0.0.1,${await closedPort()};Uid=a;Pwd=b;Encrypt=no` }),
  },
  {
    name: 'no such server',
    check: 'sql-server',
    code: 'PRACTICE_UNREACHABLE',
    arrange: () => rig.config({ database: 'Server=r4server.invalid,1433;Uid=a;Pwd=b;Encrypt=no' }),
  },
  {
    name: 'a firewall swallows what goes to SQL Server',
    check: 'sql-server',
    code: 'PRACTICE_NO_ANSWER',
    arrange: async (stack) =>
      rig.config({ database: `Server=127.0.0.1,${stack.use(await blackHole()).port};Uid=a;Pwd=b;Encrypt=no` }),
  },
  {
    name: 'a certificate of SQL Server that nobody signed',
    check: 'sql-tls',
    code: 'PRACTICE_TLS_FAILED',
    arrange: async (stack) => {
      const server = stack.use(await createR4Server({ patients: 20, tls: '1.2' }));
      return rig.config({ database: server.connectionString().replace('Certificate=yes', 'Certificate=no') });
    },
  },
  {
    name: 'a server of 2008 that knows TLS 1.0 alone',
    check: 'sql-tls',
    code: 'PRACTICE_TLS_OLD',
    status: 'warn',
    arrange: async (stack) => {
      const server = stack.use(await createR4Server({ patients: 20, tls: '1.0-only' }));
      return rig.config({ database: server.connectionString() });
    },
  },
  {
    name: 'a wrong password',
    check: 'sql-login',
    code: 'PRACTICE_LOGIN_FAILED',
    says: /18456/,
    arrange: () => rig.config({ database: sql('flynotes_reader').replace('reader-password', 'guess') }),
  },
  {
    name: 'a disabled login',
    check: 'sql-login',
    code: 'PRACTICE_LOGIN_DISABLED',
    says: /18470/,
    arrange: () => rig.config({ database: sql('disabled') }),
  },
  {
    name: 'a password that must be changed',
    check: 'sql-login',
    code: 'PRACTICE_PASSWORD_EXPIRED',
    says: /18488/,
    arrange: () => rig.config({ database: sql('must_change') }),
  },
  {
    name: 'a database that is not there',
    check: 'sql-database',
    code: 'PRACTICE_DATABASE_UNAVAILABLE',
    says: /4060/,
    arrange: () => rig.config({ database: inDatabase('sys2001') }),
  },
  {
    name: 'a login that may not open the database',
    check: 'sql-database',
    code: 'PRACTICE_DATABASE_UNAVAILABLE',
    arrange: () => rig.config({ database: sql('elsewhere') }),
  },
  ...(
    [
      ['the login is of a domain that is not trusted', 18_452, 'sql-login', 'PRACTICE_LOGIN_UNTRUSTED'],
      ['the database is offline', 942, 'sql-database', 'PRACTICE_DATABASE_OFFLINE'],
      ['the database is being restored', 927, 'sql-database', 'PRACTICE_DATABASE_RESTORING'],
      ['somebody has the database alone', 924, 'sql-database', 'PRACTICE_DATABASE_SINGLE_USER'],
      ['SQL Server is paused', 17_142, 'sql-server', 'PRACTICE_SERVER_PAUSED'],
    ] as const
  ).map(([name, number, check, code]): Cause => ({
    name,
    check,
    code,
    arrange() {
      rig.r4.faults.add({ kind: 'login-failure', number });
      return rig.config();
    },
  })),
  {
    name: 'the patients may not be read',
    check: 'sql-read',
    code: 'PRACTICE_PERMISSION_DENIED',
    says: /Patients/,
    arrange: () => rig.config({ database: sql('no_patients') }),
  },
  {
    name: 'the alerts may not be read',
    check: 'sql-read',
    code: 'PRACTICE_PERMISSION_DENIED',
    status: 'warn',
    says: /may not read one of R4’s tables or columns\. \(MedicalAlerts; everything else is read\)/,
    arrange: () => rig.config({ database: sql('no_alerts') }),
  },
  {
    name: 'one column may not be read',
    check: 'sql-read',
    code: 'PRACTICE_PERMISSION_DENIED',
    status: 'warn',
    says: /\(Patients\.EMail; everything else is read\)/,
    arrange: () => rig.config({ database: sql('no_email') }),
  },
  {
    name: 'the login can write',
    check: 'sql-write',
    code: 'PRACTICE_WRITABLE',
    status: 'warn',
    arrange: () => rig.config({ database: sql('reception') }),
  },
  {
    name: 'the login rules the server',
    check: 'sql-write',
    code: 'PRACTICE_SYSADMIN',
    status: 'warn',
    arrange: () => rig.config({ database: sql('sa') }),
  },
  {
    name: 'a database without patients',
    check: 'schema',
    code: 'PRACTICE_SCHEMA_UNSUPPORTED',
    says: /patient/,
    arrange: () => rig.config({ database: inDatabase('other') }),
  },
  {
    name: 'two columns that may be the surname',
    check: 'schema',
    code: 'PRACTICE_SCHEMA_UNSUPPORTED',
    says: /Surname.*LastName|LastName.*Surname/,
    arrange: () => rig.config({ database: inDatabase('two_surnames') }),
  },
  {
    name: 'two columns that may be the date of birth',
    check: 'schema',
    code: 'PRACTICE_PARTS_MISSING',
    status: 'warn',
    says: /DOB, BirthDate are equally good/,
    arrange: () => rig.config({ database: inDatabase('two_emails') }),
  },
  {
    name: 'no questionnaire tables',
    check: 'schema',
    code: 'PRACTICE_PARTS_MISSING',
    status: 'warn',
    says: /completedQuestionnaire/,
    arrange: () => rig.config({ database: inDatabase('patients_alone') }),
  },
  {
    name: 'a table of patients without patients',
    check: 'sample',
    code: 'PRACTICE_EMPTY',
    status: 'warn',
    arrange: () => rig.config({ database: inDatabase('nobody') }),
  },
  {
    name: 'patients without names alone',
    check: 'sample',
    code: 'RECORD_INVALID',
    says: /NAME_MISSING 1/,
    arrange: () => rig.config({ database: inDatabase('nameless') }),
  },
];

/** Something happens to the queue between the licence's answer and the look at the queue. */
async function onceLicensed(stack: AsyncDisposableStack, happens: () => void): Promise<Record<string, unknown>> {
  const body = (text: string): string => {
    if (text.includes('"queue"')) happens();
    return text;
  };
  return rig.config({ flynotesUrl: stack.use(await front(rig.flynotes.url, { body })).url });
}

const beyond: Cause[] = [
  {
    name: 'the queue is gone',
    check: 'queue',
    code: 'QUEUE_MISSING',
    arrange: (stack) => onceLicensed(stack, () => void rig.sqs.faults.add({ kind: 'queue-gone' })),
  },
  {
    name: 'the queue’s credentials are over',
    check: 'queue',
    code: 'QUEUE_CREDENTIALS_EXPIRED',
    arrange: (stack) => onceLicensed(stack, () => void rig.sqs.expireAll()),
  },
  {
    name: 'the queue grants nothing',
    check: 'queue',
    code: 'QUEUE_REFUSED',
    says: /AccessDenied/,
    arrange: (stack) =>
      onceLicensed(stack, () => void rig.sqs.faults.add({ kind: 'refused', code: 'AccessDenied', status: 403 })),
  },
  {
    name: 'the queue is busy',
    check: 'queue',
    code: 'QUEUE_UNAVAILABLE',
    arrange: (stack) => onceLicensed(stack, () => void rig.sqs.faults.add({ kind: 'unavailable' })),
  },
  {
    name: 'Rollbar refuses the token',
    check: 'rollbar',
    code: 'REPORT_UNDELIVERED',
    says: /401/,
    arrange() {
      rig.rollbar.fail(1, 401);
      return rig.config();
    },
  },
  {
    name: 'Rollbar resets the connection',
    check: 'rollbar',
    code: 'REPORT_UNDELIVERED',
    arrange() {
      rig.rollbar.fail(1, 0);
      return rig.config();
    },
  },
];

const of = (examination: Examined, name: string) => examination.checks.find((check) => check.name === name)!;

/** Everything of the other side of the world was looked at in spite of it. */
function expectIndependent(examination: Examined, check: string): void {
  if (check === 'config') {
    expect(examination.checks.slice(1).every(({ status }) => status === 'not-checked')).toBe(true);
    return;
  }
  const touched = flynotesChecks.includes(check)
    ? flynotesChecks
    : practiceChecks.includes(check)
      ? practiceChecks
      : [check];
  for (const other of examination.checks) {
    if (!touched.includes(other.name)) expect(other, other.name).toMatchObject({ status: 'pass', code: null });
  }
}

describe('all is well', () => {
  test('every check passes, exit 0; nothing of a patient is told; no message is taken', async () => {
    stack = new AsyncDisposableStack();
    await rig.operator.send({ type: 'test' });
    const before = rig.rollbar.count();
    const examination = await examined(rig.folder, rig.config());
    expect(examination.checks.map(({ name }) => name)).toEqual(checkNames);
    expect(examination.checks.filter(({ status }) => status !== 'pass')).toEqual([]);
    expect(examination).toMatchObject({ ok: true, exitCode: 0 });
    expect(of(examination, 'sample').found).toMatch(/^20 patients read, \d+ mapped, 3 with their history/);
    expect(of(examination, 'queue').found).toMatch(/1 message waits.*no message was taken/);
    expect(rig.sqs.stats().accepted).not.toHaveProperty('ReceiveMessage');
    expect(rig.rollbar.count()).toBe(before + 1);
    expect(rig.reports('doctor.examined')).toHaveLength(1);
    const { rows } = rowsOf();
    for (const value of rows) expect(examination.output).not.toContain(value);
  });
});

/** Surnames of the practice that would stand out. */
function rowsOf(): { rows: string[] } {
  const session = rig.r4.engine.login({
    user: 'sa',
    password: 'sa-password',
    database: 'sys2000',
    applicationName: 'test',
    hostName: 'test',
  });
  const rows: string[] = [];
  for (const result of session.execute(
    'SELECT TOP (20) Surname, EMail, MobileNo FROM dbo.Patients ORDER BY PatientCode',
    [],
  )) {
    if (result.kind !== 'rows') continue;
    for (const row of result.rows)
      for (const cell of row) if (typeof cell === 'string' && cell.trim().length > 4) rows.push(cell.trim());
  }
  session.close();
  expect(rows.length).toBeGreaterThan(20);
  return { rows };
}

describe.each([
  ['the configuration', brokenConfigurations],
  ['the machine', machine],
  ['the way to Flynotes', wayToFlynotes],
  ['the licence', licence],
  ['the practice’s database', practice],
  ['queue and reports', beyond],
])('%s', (_, causes) => {
  test.each(causes)('$name: $check $code', async (cause) => {
    stack = new AsyncDisposableStack();
    const config = await cause.arrange(stack);
    const examination = await examined(rig.folder, config, cause.environment?.(rig.folder));
    const { check, code, status = 'fail', says } = cause;
    expect(of(examination, check)).toMatchObject({ status, code });
    const others = examination.checks.filter((each) => each.status === 'fail' && each.name !== check);
    expect(others).toEqual([]);
    if (says) expect(of(examination, check).found).toMatch(says);
    expect(of(examination, check).todo).toMatch(/^[A-Z].*\./);
    expect(examination.exitCode).toBe(status === 'fail' ? 2 : 1);
    expect(examination.ok).toBe(status !== 'fail');
    if (check !== 'rollbar') expectIndependent(examination, check);
    for (const secret of [
      'reader-password',
      'guess',
      'sa-password',
      rig.licenceKey,
      rig.rollbar.accessToken,
      'Unmistakable',
    ]) {
      expect(examination.output).not.toContain(secret);
    }
  });
});

describe('over ODBC', () => {
  const missing = odbcMissing();
  const title = missing === undefined ? '' : ` (NOT RUN, missing is ${missing})`;
  const over = (database: string): Record<string, unknown> => rig.config({ database: freeTdsString(database) });

  test.skipIf(missing !== undefined)(`all is well${title}`, async () => {
    stack = new AsyncDisposableStack();
    const examination = await examined(rig.folder, over(rig.r4.connectionString()));
    expect(examination.checks.filter(({ status }) => status !== 'pass')).toEqual([]);
  });

  test.skipIf(missing !== undefined)(
    `a server that knows TLS 1.0 alone, which the driver does not tell${title}`,
    async () => {
      stack = new AsyncDisposableStack();
      const server = stack.use(await createR4Server({ patients: 20, tls: '1.0-only' }));
      const examination = await examined(rig.folder, over(server.connectionString()));
      expect(of(examination, 'sql-tls')).toMatchObject({ status: 'warn', code: 'PRACTICE_TLS_OLD' });
      expect(examination.exitCode).toBe(1);
    },
  );

  test.skipIf(missing !== undefined)(`nothing is claimed of a TLS that nobody tells${title}`, async () => {
    stack = new AsyncDisposableStack();
    const server = stack.use(await createR4Server({ patients: 20, tls: '1.0-only' }));
    // Whoever stands between lets the driver's connections through, and none of the other kind.
    const between = stack.use(await letThrough(server.port, 2));
    const database = server.connectionString().replace(`,${server.port}`, `,${between.port}`);
    const examination = await examined(rig.folder, over(database));
    expect(of(examination, 'sql-tls')).toMatchObject({
      status: 'pass',
      found: expect.stringContaining('not known'),
    });
  });

  test.skipIf(missing !== undefined)(`an ODBC driver that is not installed${title}`, async () => {
    stack = new AsyncDisposableStack();
    const database = 'Driver={SQL Server Native Client 9.0};Server=.;Trusted_Connection=Yes';
    const examination = await examined(rig.folder, rig.config({ database }));
    expect(of(examination, 'sql-server')).toMatchObject({ status: 'fail', code: 'PRACTICE_ODBC_DRIVER_MISSING' });
    expectIndependent(examination, 'sql-server');
  });

  test.skipIf(missing !== undefined).each([
    [
      'a wrong password',
      () => sql('flynotes_reader').replace('reader-password', 'guess'),
      'sql-login',
      'PRACTICE_LOGIN_FAILED',
    ],
    ['a database that is not there', () => inDatabase('sys2001'), 'sql-database', 'PRACTICE_DATABASE_UNAVAILABLE'],
    ['the patients may not be read', () => sql('no_patients'), 'sql-read', 'PRACTICE_PERMISSION_DENIED'],
    ['a database without patients', () => inDatabase('other'), 'schema', 'PRACTICE_SCHEMA_UNSUPPORTED'],
    ['a disabled login', () => sql('disabled'), 'sql-login', 'PRACTICE_LOGIN_DISABLED'],
    ['a password that must be changed', () => sql('must_change'), 'sql-login', 'PRACTICE_PASSWORD_EXPIRED'],
  ])(`%s${title}`, async (_, database, check, code) => {
    stack = new AsyncDisposableStack();
    const examination = await examined(rig.folder, over(database()));
    expect(of(examination, check)).toMatchObject({ status: 'fail', code });
    expectIndependent(examination, check);
  });
});

/** Only an administrator may mount; what stands for it elsewhere is the test of the check alone. */
function tellNotRun(): void {
  process.stderr.write('NOT RUN: a small disk, because this user may not mount one\n');
}

describe('a small disk', () => {
  const folder = path.join('/tmp', `doctor-disk-${process.pid}`);
  const mounted = (sizeMb: number): boolean => {
    mkdirSync(folder, { recursive: true });
    try {
      execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${sizeMb}m`, 'tmpfs', folder], { stdio: 'ignore' });
      return true;
    } catch {
      return false;
    }
  };
  afterEach(() => {
    try {
      execFileSync('umount', [folder], { stdio: 'ignore' });
    } catch {
      // Nothing was mounted.
    }
    rmSync(folder, { recursive: true, force: true });
  });

  test.each([
    [64, 'warn', 'DISK_LOW'],
    [2, 'fail', 'DISK_FULL'],
  ] as const)('%s MB: %s %s', async (sizeMb, status, code) => {
    stack = new AsyncDisposableStack();
    if (!mounted(sizeMb)) return tellNotRun();
    const examination = await examined(rig.folder, rig.config({ dataDir: folder }));
    expect(of(examination, 'disk')).toMatchObject({ status, code });
    expectIndependent(examination, 'disk');
  });

  test('full to the last byte', async () => {
    stack = new AsyncDisposableStack();
    if (!mounted(1)) return tellNotRun();
    writeFileSync(path.join(folder, 'ballast'), Buffer.alloc(1_048_576));
    const examination = await examined(rig.folder, rig.config({ dataDir: folder }));
    expect(of(examination, 'disk')).toMatchObject({ status: 'fail', code: 'DISK_FULL' });
  });
});

describe('for a person', () => {
  test('words, marks, what to do, and the T-SQL; no colours where nobody sees them', async () => {
    stack = new AsyncDisposableStack();
    const file = path.join(rig.folder, 'person.json');
    writeFileSync(file, JSON.stringify(rig.config({ database: sql('no_patients') })));
    const { exitCode, output } = await runCli(['doctor', '--config', file]);
    expect(exitCode).toBe(2);
    expect(output).toMatch(/^\[ {2}ok {2}\] config/m);
    expect(output).toMatch(/^\[ FAIL \] sql-read +PRACTICE_PERMISSION_DENIED: /m);
    expect(output).toMatch(/^ +-> Grant SELECT/m);
    expect(output).toContain("N' TO [no_patients];'");
    expect(output).not.toContain('\u001B');
  });

  test('a configuration that is not there', async () => {
    const { exitCode, output } = await runCli(['doctor', '--config', path.join(rig.folder, 'none.json')]);
    expect(exitCode).toBe(2);
    expect(output).toMatch(/^carestream-server \d+\.\d+\.\d+, doctor\n\n\[ FAIL \] config +CONFIG_FILE_MISSING/);
  });

  test('a database that is not there: no right would mend that, so there is no script', async () => {
    stack = new AsyncDisposableStack();
    const file = path.join(rig.folder, 'nowhere.json');
    writeFileSync(file, JSON.stringify(rig.config({ database: inDatabase('sys2001') })));
    const told = await runCli(['doctor', '--config', file]);
    expect(told.exitCode).toBe(2);
    expect(told.output).toContain('there is no database of that name');
    expect(told.output).not.toContain('USE [');
    const script = await runCli(['doctor', '--grant-script', '--config', file]);
    expect(script).toMatchObject({ exitCode: 2, output: '' });
    expect(script.errors).toContain('PRACTICE_DATABASE_UNAVAILABLE');
  });

  test('tables that may not be read, in whichever schema: the script grants them and what hangs on them', async () => {
    stack = new AsyncDisposableStack();
    const file = path.join(rig.folder, 'denied.json');
    writeFileSync(file, JSON.stringify(rig.config({ database: sql('no_answers') })));
    const { exitCode, output } = await runCli(['doctor', '--config', file]);
    expect(exitCode).toBe(1);
    const script = output.slice(output.indexOf('-- Run this'));
    for (const table of ['Patients', 'QuestionnaireQuestions', 'QuestionnairePresetAnswers'])
      expect(script).toContain(`GRANT SELECT ON OBJECT::[dbo].[${table}] TO [no_answers];`);
    expect(script).toContain('QUOTENAME(s.name)');
    expect(script).toContain("N'questionnaireanswers'");
  });

  test.each([
    [['doctor', '--nope'], 2],
    [['status', '--nope'], 2],
    [['schema', '--nope'], 2],
    [['doctor', '--grant-script', ''], 2],
    [['doctor', '--grant-script', 'a\nGO\nDROP LOGIN sa'], 2],
    [['start', '--nope'], 20],
    [['nope'], 20],
  ])('a command line that is none, %j: %i', async (words, expected) => {
    stack = new AsyncDisposableStack();
    const { exitCode, output, errors } = await runCli(words);
    expect([exitCode, output]).toEqual([expected, '']);
    expect(errors).toMatch(/^error: /);
  });

  test('the script alone, for another account', async () => {
    stack = new AsyncDisposableStack();
    const file = path.join(rig.folder, 'script.json');
    writeFileSync(file, JSON.stringify(rig.config()));
    const { exitCode, output } = await runCli(['doctor', '--grant-script', 'PRACTICE\\flynotes', '--config', file]);
    expect(exitCode).toBe(0);
    expect(output).toContain('CREATE LOGIN [PRACTICE\\flynotes] FROM WINDOWS');
    expect(output).toContain('\nGRANT SELECT ON OBJECT::[dbo].[Patients] TO [PRACTICE\\flynotes];');
  });
});
