import { TYPES } from 'tedious';
import { describe, expect, test } from 'vitest';
import type { SqlParameter, StatementResult } from '../engine.ts';
import { createMemoryEngine } from './memory-engine.ts';
import type { MemoryEngineOptions } from './memory-engine.ts';
import { createFaults } from './faults.ts';
import { createTdsServer } from './server.ts';
import type { TdsEvent, TdsServerOptions } from './options.ts';
import { connectTedious } from './tedious-client.fixture.ts';
import type { TediousParameter } from './tedious-client.fixture.ts';
import { samplesAsTable, TYPE_SAMPLES } from './type-samples.fixture.ts';

const ECHO = 'select parameters';

function* echo(parameters: readonly SqlParameter[]): Iterable<StatementResult> {
  yield {
    kind: 'rows',
    columns: parameters.map(({ name, type }) => ({ name, type, nullable: true })),
    rows: [parameters.map(({ value }) => value)],
  };
}

const numbers = (count: number): Iterable<readonly number[]> => ({
  *[Symbol.iterator]() {
    for (let number = 0; number < count; number += 1) yield [number];
  },
});
const INT = [{ name: 'n', type: { name: 'int' }, nullable: false }] as const;

async function start(engineOptions: MemoryEngineOptions = {}, options: TdsServerOptions = {}) {
  const engine = createMemoryEngine({
    ...engineOptions,
    tables: {
      nullable: samplesAsTable(true),
      fixed: samplesAsTable(false),
      numbers: { columns: INT, rows: numbers(200_000) },
      ...engineOptions.tables,
    },
    statements: { [ECHO]: echo, ...engineOptions.statements },
  });
  const faults = createFaults();
  const events: TdsEvent[] = [];
  const server = await createTdsServer({ engine, faults }, { ...options, onEvent: (event) => events.push(event) });
  return {
    engine,
    faults,
    events,
    port: server.port,
    server,
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}

describe('values', () => {
  test.each([512, 4096, 32_767])('of every type arrive through packets of %i bytes', async (packetSize) => {
    await using server = await start();
    await using client = await connectTedious({ port: server.port, options: { packetSize } });
    for (const nullable of [true, false]) {
      const answer = await client.query(`select * from ${nullable ? 'nullable' : 'fixed'}`);
      expect(answer.error).toBeUndefined();
      const { seen } = samplesAsTable(nullable);
      expect(answer.sets[0]).toHaveLength(seen.length);
      for (const [row, expected] of seen.entries()) {
        for (const [column, value] of expected.entries()) {
          expect(answer.sets[0]![row]![column], `${JSON.stringify(TYPE_SAMPLES[column]!.type)} row ${row}`).toEqual(
            value,
          );
        }
      }
    }
  });

  test('of every type are read back from parameters', async () => {
    const when = new Date('2024-03-31T02:30:00.120Z');
    const parameters: [TediousParameter['type'], unknown, object?, unknown?][] = [
      [TYPES.Bit, true],
      [TYPES.TinyInt, 255],
      [TYPES.SmallInt, -5],
      [TYPES.Int, -2_147_483_648],
      [TYPES.BigInt, '-9223372036854775808'],
      [TYPES.Float, 0.1],
      [TYPES.Real, 0.5],
      [TYPES.Money, -12.5],
      [TYPES.SmallMoney, 12.5],
      [TYPES.Decimal, -123.45, { precision: 9, scale: 2 }],
      [TYPES.Numeric, 1234567.5, { precision: 30, scale: 3 }],
      [TYPES.VarChar, 'naïve “café”'],
      [TYPES.Char, 'abc', { length: 3 }],
      [TYPES.NVarChar, '日本 😀'],
      [TYPES.NVarChar, 'x'.repeat(10_000)],
      [TYPES.VarChar, 'y'.repeat(10_000)],
      [TYPES.NChar, 'né', { length: 2 }],
      [TYPES.Text, 'some text'],
      [TYPES.NText, 'łącznie'],
      [TYPES.DateTime, when],
      [TYPES.SmallDateTime, new Date('2024-03-31T02:30:00Z')],
      [TYPES.Date, new Date('1899-12-30T00:00:00Z')],
      [TYPES.DateTime2, when, { scale: 3 }],
      [TYPES.DateTimeOffset, when, { scale: 3 }],
      [TYPES.Time, new Date('1970-01-01T23:59:59.999Z'), { scale: 7 }],
      [TYPES.UniqueIdentifier, '6F9619FF-8B86-D011-B42D-00C04FC964FF'],
      [TYPES.VarBinary, Buffer.from([0, 1, 255])],
      [TYPES.VarBinary, Buffer.alloc(9000, 5)],
      [TYPES.Binary, Buffer.from([1, 2]), { length: 2 }],
      [TYPES.Image, Buffer.from([3])],
    ];
    await using server = await start();
    await using client = await connectTedious({ port: server.port });
    const named = parameters.map(([type, value, options], index) => ({
      name: `p${index}`,
      type,
      value,
      ...(options === undefined ? {} : { options }),
    }));
    const answer = await client.query(ECHO, named);
    expect(answer.error).toBeUndefined();
    for (const [index, [type, value]] of parameters.entries())
      expect(answer.sets[0]![0]![index], `${type.name} ${index}`).toEqual(value);
    const nulls = await client.query(
      ECHO,
      named.map((parameter) => ({ ...parameter, value: null })),
    );
    expect(nulls.error).toBeUndefined();
    expect(nulls.sets[0]![0]).toEqual(parameters.map(() => null));
  });

  test('that do not fit their column are an internal error, and the connection lives', async () => {
    await using server = await start({ tables: { bad: { columns: INT, rows: [[1], ['two'], [3]] } } });
    await using client = await connectTedious({ port: server.port });
    const answer = await client.query('select * from bad');
    expect(answer.error?.number).toBe(50_000);
    expect(answer.sets[0]).toEqual([[1]]);
    expect(server.events.some((event) => event.kind === 'internal-error')).toBe(true);
    expect((await client.query('select 1')).sets).toEqual([[[1]]]);
  });
});

describe('requests', () => {
  test('several result sets, counts, messages and an error after rows', async () => {
    await using server = await start({
      statements: {
        mixed: function* mixed() {
          yield { kind: 'rows', columns: INT, rows: [[1], [2]] };
          yield { kind: 'info', number: 0, message: 'printed' };
          yield { kind: 'done', rows: 7 };
          yield { kind: 'rows', columns: INT, rows: [] };
          yield { kind: 'database', name: 'Tutor', previous: 'sys2000' };
          yield { kind: 'rows', columns: INT, rows: numbers(3) };
        },
      },
    });
    await using client = await connectTedious({ port: server.port });
    const messages: string[] = [];
    const databases: string[] = [];
    client.connection.on('infoMessage', (message) => messages.push(message.message));
    client.connection.on('databaseChange', (name) => databases.push(name));
    const viaBatch = await client.batch('mixed');
    const viaProcedure = await client.query('mixed');
    for (const answer of [viaBatch, viaProcedure]) {
      expect(answer.error).toBeUndefined();
      expect(answer.sets).toEqual([[[1], [2]], [], [[0], [1], [2]]]);
      expect(answer.rowCount).toBe(12);
    }
    expect(messages).toEqual([
      'printed',
      "Changed database context to 'Tutor'.",
      'printed',
      "Changed database context to 'Tutor'.",
    ]);
    expect(databases).toEqual(['Tutor', 'Tutor']);
    await client.batch('set nocount on');
    expect((await client.batch('mixed')).rowCount).toBe(0);
  });

  test('prepared statements, output parameters, unknown procedures and cursors', async () => {
    await using server = await start({
      statements: {
        out: function* out(parameters, session) {
          session.outputValues.set('@answer', 42);
          session.outputValues.set('@word', 'słowo');
          yield { kind: 'done', rows: parameters.length };
        },
      },
    });
    await using client = await connectTedious({ port: server.port });
    const outputs = await client.query('out', [
      { name: 'answer', type: TYPES.Int, value: 1, output: true },
      { name: 'word', type: TYPES.NVarChar, value: null, output: true, options: { length: 20 } },
    ]);
    expect(outputs.error).toBeUndefined();
    expect(outputs.outputs).toEqual({ answer: 42, word: 'słowo' });

    const { connection } = client;
    let done: (rows: unknown[][]) => void = () => undefined;
    let rows: unknown[][] = [];
    const { Request } = await import('tedious');
    const request = new Request(ECHO, () => done(rows));
    request.addParameter('k', TYPES.Int, undefined);
    request.addParameter('name', TYPES.NVarChar, undefined);
    request.on('row', (columns: { value: unknown }[]) => rows.push(columns.map(({ value }) => value)));
    await new Promise<void>((resolve) => {
      request.once('prepared', () => resolve());
      connection.prepare(request);
    });
    for (const [k, name] of [
      [1, 'one'],
      [2, null],
    ] as const) {
      rows = [];
      const seen = await new Promise((resolve) => {
        done = resolve;
        connection.execute(request, { k, name });
      });
      expect(seen).toEqual([[k, name]]);
    }
    await new Promise<void>((resolve) => {
      done = () => resolve();
      connection.unprepare(request);
    });

    const unknown = await client.run((one) => connection.callProcedure(one), { text: 'sp_who9' });
    expect(unknown.error?.number).toBe(2812);
    expect(unknown.error?.message).toBe("Could not find stored procedure 'sp_who9'.");
    const cursor = await client.run((one) => connection.callProcedure(one), { text: 'sys.sp_cursoropen' });
    expect(cursor.error?.number).toBe(16_901);
    expect(cursor.error?.message).toContain('sp_cursoropen');
    expect((await client.query('select 1')).sets).toEqual([[[1]]]);
  });

  test('a transaction that a text begins and ends is announced', async () => {
    await using server = await start();
    await using client = await connectTedious({ port: server.port });
    const open = () => (client.connection as unknown as { inTransaction: boolean }).inTransaction;
    await client.batch('begin tran');
    expect(open()).toBe(true);
    await client.query('rollback tran');
    expect(open()).toBe(false);
  });

  test('a wait for a lock is no statement of its own', async () => {
    function* locked(): Iterable<StatementResult> {
      for (let turn = 0; turn < 3; turn += 1) yield { kind: 'wait', waitMs: 1, silent: true };
      yield { kind: 'rows', columns: INT, rows: [[7]] };
    }
    await using server = await start({ statements: { locked } });
    await using client = await connectTedious({ port: server.port });
    let dones = 0;
    const answer = await client.run(
      (request) => {
        request.on('done', () => (dones += 1));
        client.connection.execSqlBatch(request);
      },
      { text: 'locked' },
    );
    expect(answer.sets).toEqual([[[7]]]);
    expect(dones).toBe(1);
  });

  test('transactions and the reset of a connection', async () => {
    await using server = await start();
    await using client = await connectTedious({ port: server.port });
    const { connection } = client;
    const step = (call: (done: (error?: Error | null) => void) => void) =>
      new Promise<Error | undefined>((resolve) => call((error) => resolve(error ?? undefined)));
    expect(await step((done) => connection.beginTransaction(done))).toBeUndefined();
    expect(await step((done) => connection.commitTransaction(done))).toBeUndefined();
    expect(await step((done) => connection.beginTransaction(done))).toBeUndefined();
    expect(await step((done) => connection.rollbackTransaction(done))).toBeUndefined();
    const texts = server.events.flatMap((event) =>
      event.kind === 'statement' && event.via === 'transaction' ? [event.text] : [],
    );
    expect(texts).toEqual(['BEGIN TRANSACTION', 'COMMIT TRANSACTION', 'BEGIN TRANSACTION', 'ROLLBACK TRANSACTION']);

    await client.batch('use Tutor');
    const [session] = server.engine.sessions;
    expect(session?.database).toBe('Tutor');
    const changes: string[] = [];
    connection.on('databaseChange', (name) => changes.push(name));
    expect(await step((done) => connection.reset(done))).toBeUndefined();
    expect(session?.database).toBe('sys2000');
    expect(changes).toEqual(['sys2000']);
  });
});

describe('attention', () => {
  test('stops a WAITFOR, and rows in mid-stream', async () => {
    await using server = await start();
    await using client = await connectTedious({ port: server.port });
    const waiting = client.run(
      (request) => {
        client.connection.execSql(request);
        setTimeout(() => request.cancel(), 100);
      },
      { text: "waitfor delay '60000'" },
    );
    expect((await waiting).error?.code).toBe('ECANCEL');

    let cancel: () => void = () => undefined;
    const streaming = await client.run(
      (request) => {
        cancel = () => request.cancel();
        client.connection.execSqlBatch(request);
      },
      { text: 'select * from numbers', onRow: (count) => (count === 10 ? cancel() : undefined) },
    );
    expect(streaming.error?.code).toBe('ECANCEL');
    const finished = server.events.filter((event) => event.kind === 'finished');
    expect(finished.at(-1)).toMatchObject({ cancelled: true });
    expect((finished.at(-1) as { rows: number }).rows).toBeLessThan(200_000);
    expect((await client.query('select 1')).sets).toEqual([[[1]]]);
  });
});

describe('login', () => {
  test('refused with the numbers of SQL Server', async () => {
    await using server = await start();
    const numbersOf = async (attempt: Promise<unknown>) =>
      (
        (await attempt.then(
          () => ({ errorNumbers: [] }),
          (error: unknown) => error,
        )) as { errorNumbers: number[] }
      ).errorNumbers;
    expect(await numbersOf(connectTedious({ port: server.port, password: 'wrong' }))).toEqual([18_456]);
    expect(await numbersOf(connectTedious({ port: server.port, options: { database: 'missing' } }))).toEqual([
      4060, 18_456,
    ]);
    server.faults.add({ kind: 'login-failure', number: 18_488, times: 1 });
    expect(await numbersOf(connectTedious({ port: server.port }))).toEqual([18_488]);
    await using client = await connectTedious({ port: server.port });
    expect(client.connection.config.options.tdsVersion).toBe('7_3_B');
    expect(server.faults.fired('login-failure')).toBe(1);
    const login = server.events.find((event) => event.kind === 'login');
    expect(login).toMatchObject({ user: 'sa', database: 'sys2000', tdsVersion: '7.3B', encryption: 'none' });
  });

  test.each(['7_1', '7_2', '7_3_A', '7_3_B'] as const)('of protocol version %s', async (tdsVersion) => {
    await using server = await start();
    await using client = await connectTedious({ port: server.port, options: { tdsVersion } });
    const { seen } = samplesAsTable(true);
    const answer = await client.query('select * from nullable');
    expect(answer.error).toBeUndefined();
    expect(answer.sets[0]).toHaveLength(seen.length);
    const datetime2 = TYPE_SAMPLES.findIndex(({ type }) => type.name === 'datetime2');
    const expected = tdsVersion < '7_3' ? '1945-05-08 12:34:56.789' : new Date('1945-05-08T12:34:56.789Z');
    expect(answer.sets[0]![0]![datetime2]).toEqual(expected);
  });

  test('through TLS 1.2, TLS 1.0 alone, and not without TLS where it is forced', async () => {
    await using modern = await start({}, { tls: '1.2', forceEncryption: true });
    await using old = await start({}, { tls: '1.0-only' });
    const legacy = {
      encrypt: true,
      cryptoCredentialsDetails: { minVersion: 'TLSv1', ciphers: 'DEFAULT@SECLEVEL=0' },
    } as const;
    for (const [port, options] of [
      [modern.port, { encrypt: true }],
      [old.port, legacy],
    ] as const) {
      await using client = await connectTedious({ port, options });
      const answer = await client.query('select * from nullable');
      expect(answer.sets[0]).toHaveLength(samplesAsTable(true).seen.length);
      expect((await client.batch('select * from numbers')).rowCount).toBe(200_000);
    }
    await expect(connectTedious({ port: modern.port, options: { encrypt: false } })).rejects.toMatchObject({
      code: 'EENCRYPT',
    });
    await expect(connectTedious({ port: old.port, options: { encrypt: true } })).rejects.toThrow(
      /unsupported protocol/,
    );
    expect(modern.events.find((event) => event.kind === 'login')).toMatchObject({ encryption: 'whole-connection' });
  });
});

describe('faults', () => {
  test('deadlock victim and lock time-out, before and amid rows', async () => {
    await using server = await start();
    await using client = await connectTedious({ port: server.port });
    server.faults.add({ kind: 'deadlock', afterRows: 1500, times: 1, matching: /numbers/g });
    expect((await client.query('select 1')).error).toBeUndefined();
    const victim = await client.query('select * from numbers');
    expect(victim.error).toMatchObject({ number: 1205, class: 13 });
    expect(victim.error?.message).toMatch(/^Transaction \(Process ID \d+\) was deadlocked/);
    expect(victim.sets[0]).toHaveLength(1500);
    server.faults.add({ kind: 'lock-timeout', times: 2 });
    for (const attempt of [1, 2])
      expect((await client.query('select 1')).error, `attempt ${attempt}`).toMatchObject({ number: 1222, class: 16 });
    expect((await client.query('select * from numbers')).rowCount).toBe(200_000);
    expect(server.faults.fired()).toBe(3);
    expect(server.faults.active()).toEqual([]);
  });

  test('cut after rows, cut after bytes, refused, silent, slow', async () => {
    await using server = await start();
    const cut = async (fault: Parameters<typeof server.faults.add>[0]) => {
      server.faults.add(fault);
      const client = await connectTedious({ port: server.port });
      const answer = await client.query('select * from numbers');
      client.connection.close();
      expect(['ESOCKET', 'ECONNRESET']).toContain(answer.error?.code);
      return answer.sets[0]?.length ?? 0;
    };
    expect(await cut({ kind: 'cut', afterRows: 2500, times: 1, matching: /numbers/ })).toBe(2500);
    // COLMETADATA of one int column named n is 3 + 11 bytes, a row 5.
    expect(await cut({ kind: 'cut', afterBytes: 14 + 5 * 100 + 2, times: 1, matching: /numbers/ })).toBe(100);
    server.faults.add({ kind: 'refuse', times: 1 });
    await expect(connectTedious({ port: server.port })).rejects.toMatchObject({ code: 'ESOCKET' });
    server.faults.add({ kind: 'black-hole', times: 1 });
    await expect(connectTedious({ port: server.port, options: { connectTimeout: 300 } })).rejects.toMatchObject({
      code: 'ETIMEOUT',
    });
    await using client = await connectTedious({ port: server.port, options: { requestTimeout: 300 } });
    server.faults.add({ kind: 'delay', delayMs: 60_000, matching: /numbers/, times: 1 });
    expect((await client.query('select * from numbers')).error?.code).toBe('ETIMEOUT');
    expect((await client.query('select 1')).error).toBeUndefined();
    expect(['cut', 'refuse', 'black-hole', 'delay'].map((kind) => server.faults.fired(kind as 'cut'))).toEqual([
      2, 1, 1, 1,
    ]);
  });
});
