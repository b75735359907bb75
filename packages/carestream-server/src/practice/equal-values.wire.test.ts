import { createR4Server } from '@flynotes/sandbox/r4-server';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { TYPE_SAMPLES } from '../../../sandbox/src/r4-server/tds/type-samples.fixture.ts';
import { createSystemClock } from '../runtime/system-clock.ts';
import { resolveDatabaseConfig } from './database-config.ts';
import { unpackRow, unpackRows } from './tds/packed-rows.ts';
import { testDrivers, type TestDriver } from './driver-rig.ts';
import { fixedLocation } from './location.ts';
import { createSqlConnection, type PageConnection } from './sql-connection.ts';

/** Each type at its edges, read by either driver: the same values of the same JavaScript types. */
const signal = new AbortController().signal;
const server = await createR4Server({ patients: 1, seed: 1 });
afterAll(() => server.close());

/** What the simulator's storage can hold. */
const types = TYPE_SAMPLES.map(({ type, samples }) => ({
  type,
  samples: samples.filter(([value]) => typeof value !== 'bigint' || BigInt.asIntN(64, value) === value),
})).filter(({ samples }) => samples.length > 0);

const builder = server.engine.createDatabase('types');
const titles = types.map(({ type }, index) => {
  const { name, length, precision, scale, collation } = type;
  return `${index} ${name} ${[length, precision, scale, collation].filter((each) => each !== undefined).join(' ')}`.trim();
});
for (const [index, { type, samples }] of types.entries()) {
  builder.defineTable({
    name: `T${index}`,
    kind: 'table',
    columns: [
      { name: 'id', type: { name: 'int' }, nullable: false },
      { name: 'v', type, nullable: true },
    ],
    primaryKey: ['id'],
  });
  builder.insert(`T${index}`, [...samples.map(([value], row) => [row, value]), [samples.length, null]]);
}

function connect(driver: TestDriver): PageConnection {
  const target = resolveDatabaseConfig(driver.string(server.connectionString().replace('sys2000', 'types')));
  if (target.driver === 'search') throw new Error('the target is to be named');
  return createSqlConnection(
    { clock: createSystemClock() },
    { location: fixedLocation(target), connectTimeoutMs: 5_000 },
  );
}

for (const driver of testDrivers) {
  describe.runIf(driver.present)(`over ${driver.title}`, () => {
    let connection: PageConnection;
    beforeAll(() => {
      connection = connect(driver);
    });
    afterAll(() => connection.close());
    const read = async (text: string, manyRows = false): Promise<unknown[]> => {
      const query = { text, timeoutMs: 20_000 };
      const rows = manyRows ? await connection.queryMany(query, signal) : (await connection.query(query, signal))[0];
      if (!rows || !('starts' in rows)) return (rows ?? []).map((row) => row[0]);
      expect(rows.starts.map((_, row) => unpackRow(rows, row))).toStrictEqual(unpackRows(rows));
      return unpackRows(rows).map((row) => row[0]);
    };

    test.each(titles.map((title, index) => ({ title, index })))('$title', async ({ index }) => {
      const expected = [...(types[index]?.samples ?? []).map(([, seen]) => seen), null];
      const text = `SELECT v FROM dbo.T${index} ORDER BY id;`;
      const found = await read(text);
      expect(await read(text, true), 'read as pages are').toStrictEqual(found);
      const plain = (value: unknown): unknown => (value instanceof Uint8Array ? [...value] : value);
      expect(found.map(plain)).toEqual(expected.map(plain));
      expect(found.map((value) => Object.prototype.toString.call(value))).toEqual(
        expected.map((value) => Object.prototype.toString.call(value)),
      );
    });

    test('several result sets, empty ones among them, stand in their order', async () => {
      const none = 'SELECT v FROM dbo.T0 WHERE id < 0;';
      const sets = await connection.query(
        {
          text: `${none}${none}SELECT id FROM dbo.T0 WHERE id = @code;${none}`,
          parameters: { code: 1 },
          timeoutMs: 5_000,
        },
        signal,
      );
      expect(sets).toEqual([[], [], [[1]], []]);
    });

    test('parameters beyond int', async () => {
      for (const code of [2_147_483_648, -9_007_199_254_740_991]) {
        const query = { text: 'SELECT CAST(@code AS bigint);', parameters: { code }, timeoutMs: 5_000 };
        expect(await connection.query(query, signal)).toEqual([[[String(code)]]]);
      }
    });
  });
}
