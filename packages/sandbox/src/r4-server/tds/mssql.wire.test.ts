import mssql from 'mssql';
import { expect, test } from 'vitest';
import { createFaults } from './faults.ts';
import { createMemoryEngine } from './memory-engine.ts';
import { createTdsServer } from './server.ts';
import { samplesAsTable } from './type-samples.fixture.ts';

async function start() {
  const faults = createFaults();
  const engine = createMemoryEngine({
    tables: { samples: samplesAsTable(true) },
    statements: {
      'select @k, @name': (parameters) => [
        {
          kind: 'rows',
          columns: parameters.map(({ name, type }) => ({ name: name.slice(1), type, nullable: true })),
          rows: [parameters.map(({ value }) => value)],
        },
      ],
    },
  });
  const server = await createTdsServer({ engine, faults });
  const pool = await new mssql.ConnectionPool({
    server: '127.0.0.1',
    port: server.port,
    user: 'sa',
    password: 'secret',
    database: 'sys2000',
    options: { encrypt: false, trustServerCertificate: true },
    pool: { max: 1 },
    arrayRowMode: true,
  }).connect();
  return {
    faults,
    pool,
    [Symbol.asyncDispose]: async () => {
      await pool.close();
      await server[Symbol.asyncDispose]();
    },
  };
}

test('a pool reads every type, with parameters, prepared statements and transactions', async () => {
  await using rig = await start();
  const { pool } = rig;
  const all = await pool.request().query('select * from samples');
  expect(all.recordset).toEqual(samplesAsTable(true).seen);
  const one = await pool
    .request()
    .input('k', mssql.Int, 7)
    .input('name', mssql.NVarChar, 'Siân')
    .query('select @k, @name');
  expect(one.recordset).toEqual([[7, 'Siân']]);
  const prepared = new mssql.PreparedStatement(pool);
  prepared.input('k', mssql.Int);
  prepared.input('name', mssql.VarChar(20));
  await prepared.prepare('select @k, @name');
  expect((await prepared.execute({ k: 1, name: 'a' })).recordset).toEqual([{ k: 1, name: 'a' }]);
  expect((await prepared.execute({ k: 2, name: null })).recordset).toEqual([{ k: 2, name: null }]);
  await prepared.unprepare();
  const transaction = new mssql.Transaction(pool);
  await transaction.begin();
  expect((await transaction.request().query('select 1')).recordset).toEqual([[1]]);
  await transaction.rollback();
});

test('a deadlock victim can try again on the same connection', async () => {
  await using rig = await start();
  rig.faults.add({ kind: 'deadlock', times: 1, matching: /samples/ });
  await expect(rig.pool.request().query('select * from samples')).rejects.toMatchObject({ number: 1205, class: 13 });
  expect((await rig.pool.request().query('select * from samples')).recordset).toHaveLength(
    samplesAsTable(true).rows.length,
  );
});
