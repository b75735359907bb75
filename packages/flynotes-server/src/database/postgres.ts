import postgres from 'postgres';
import { instantOf, repeatedTransaction } from './database.ts';
import type { Database, Sql, SqlValue } from './database.ts';

const connectionsMost = 10;
/** Of them, those for bulk work: PostgreSQL has few processors to spare for it, and patients one by one have the others. */
const bulkShare = 0.4;

/** Opens two pools on a PostgreSQL 15 or newer, one of them for bulk work alone. */
export function openPostgres(
  url: string,
  options: { connectionsMost?: number; lockTimeoutMs?: number } = {},
): Database {
  const most = options.connectionsMost ?? connectionsMost;
  const bulkMost = Math.max(1, Math.floor(most * bulkShare));
  const pool = (max: number, settings: Record<string, string> = {}) => openPool(url, { ...options, max, settings });
  const client = pool(Math.max(1, most - bulkMost));
  // Connections are made when they are needed.
  const bulk = pool(bulkMost, { synchronous_commit: 'off' });
  const over = (connection: postgres.Sql | postgres.TransactionSql): Sql => ({
    async query<Row>(text: string, values: readonly SqlValue[] = []) {
      const rows = await connection.unsafe(text, values as SqlValue[], { prepare: true });
      return [...rows] as Row[];
    },
  });
  const transactionOn =
    (connections: postgres.Sql) =>
    <Result>(work: (sql: Sql) => Promise<Result>) =>
      repeatedTransaction(async () => (await connections.begin((connection) => work(over(connection)))) as Result);
  return {
    kind: 'postgres',
    lost: new Promise(() => undefined),
    ...over(client),
    transaction: transactionOn(client),
    bulkTransaction: transactionOn(bulk),
    async script(text) {
      await client.unsafe(text).simple();
    },
    async listen(channel, heard) {
      // postgres.js listens again by itself after a lost connection, and then calls `onlisten`: something may have been missed.
      const listening = await client.listen(channel, heard, heard);
      return () => listening.unlisten();
    },
    async [Symbol.asyncDispose]() {
      await Promise.all([client.end({ timeout: 5 }), bulk.end({ timeout: 5 })]);
    },
  };
}

function openPool(url: string, options: { max: number; lockTimeoutMs?: number; settings: Record<string, string> }) {
  return postgres(url, {
    max: options.max,
    connect_timeout: 10,
    onnotice: () => undefined,
    connection: {
      application_name: 'flynotes-server',
      TimeZone: 'UTC',
      // Nothing waits for ever: a lock that somebody's session forgot must not take all connections with it.
      statement_timeout: 60_000,
      lock_timeout: options.lockTimeoutMs ?? 20_000,
      idle_in_transaction_session_timeout: 60_000,
      ...options.settings,
    },
    types: {
      // Every bigint of ours stays below 2^53.
      bigint: { to: 20, from: [20], parse: Number, serialize: String },
      timestamptz: { to: 1184, from: [1184], parse: instantOf, serialize: String },
    },
  });
}
