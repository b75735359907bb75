import postgres from 'postgres';
import { instantOf, repeatedTransaction } from './database.ts';
import type { Database, Sql, SqlValue } from './database.ts';

/** Opens a pool on a PostgreSQL 15 or newer. */
export function openPostgres(
  url: string,
  options: { connectionsMost?: number; lockTimeoutMs?: number } = {},
): Database {
  const client = postgres(url, {
    max: options.connectionsMost ?? 10,
    connect_timeout: 10,
    onnotice: () => undefined,
    connection: {
      application_name: 'flynotes-server',
      TimeZone: 'UTC',
      // Nothing waits for ever: a lock that somebody's session forgot must not take all connections with it.
      statement_timeout: 60_000,
      lock_timeout: options.lockTimeoutMs ?? 20_000,
      idle_in_transaction_session_timeout: 60_000,
    },
    types: {
      // Every bigint of ours stays below 2^53.
      bigint: { to: 20, from: [20], parse: Number, serialize: String },
      timestamptz: { to: 1184, from: [1184], parse: instantOf, serialize: String },
    },
  });
  const over = (connection: postgres.Sql | postgres.TransactionSql): Sql => ({
    async query<Row>(text: string, values: readonly SqlValue[] = []) {
      const rows = await connection.unsafe(text, values as SqlValue[], { prepare: true });
      return [...rows] as Row[];
    },
  });
  return {
    kind: 'postgres',
    lost: new Promise(() => undefined),
    ...over(client),
    transaction: <Result>(work: (sql: Sql) => Promise<Result>) =>
      repeatedTransaction(async () => (await client.begin((connection) => work(over(connection)))) as Result),
    async script(text) {
      await client.unsafe(text).simple();
    },
    async listen(channel, heard) {
      // postgres.js listens again by itself after a lost connection, and then calls `onlisten`: something may have been missed.
      const listening = await client.listen(channel, heard, heard);
      return () => listening.unlisten();
    },
    async [Symbol.asyncDispose]() {
      await client.end({ timeout: 5 });
    },
  };
}
