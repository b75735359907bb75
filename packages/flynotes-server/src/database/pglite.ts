import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { lockDataDir } from './data-dir-lock.ts';
import type { Database, Sql, SqlValue } from './database.ts';
import { repeatedTransaction } from './database.ts';
import type { WorkerAnswer, WorkerOptions, WorkerRequest } from './pglite-messages.ts';

type Question = WorkerRequest extends infer Request ? (Request extends unknown ? Omit<Request, 'id'> : never) : never;

/** Where the embedded database lives. */
export interface PgliteOptions {
  /** Its folder; null for memory. */
  readonly dataDir: string | null;
  readonly templateFile: string | null;
}

/** Opens the embedded PostgreSQL in a thread of its own. It has one connection: statements and transactions take turns. */
export async function openPglite(options: PgliteOptions): Promise<Database> {
  const { dataDir } = options;
  let unlock = (): void => undefined;
  if (dataDir !== null) {
    await mkdir(dataDir, { recursive: true });
    unlock = lockDataDir(dataDir);
  }
  try {
    return await openLocked(options, unlock);
  } catch (error) {
    unlock();
    throw error;
  }
}

async function openLocked({ dataDir, templateFile }: PgliteOptions, unlock: () => void): Promise<Database> {
  const clusterDir = dataDir === null ? null : join(dataDir, 'postgres');
  const fresh = clusterDir === null || !existsSync(join(clusterDir, 'PG_VERSION'));
  const thread = startThread({ dataDir: clusterDir, templateFile, fresh });
  await thread.ready;

  const query = async <Row>(text: string, values: readonly SqlValue[] = []) =>
    (await thread.ask({ kind: 'query', text, values })) as Row[];
  const inside: Sql = { query };
  let last: Promise<unknown> = Promise.resolve();
  const inTurn = <Result>(work: () => Promise<Result>): Promise<Result> => {
    const turn = last.then(work);
    last = turn.catch(() => undefined);
    return turn;
  };
  const transaction = <Result>(work: (sql: Sql) => Promise<Result>): Promise<Result> =>
    repeatedTransaction(() =>
      inTurn(async () => {
        await query('begin');
        try {
          const result = await work(inside);
          await query('commit');
          return result;
        } catch (error) {
          await query('rollback');
          throw error;
        }
      }),
    );
  return {
    kind: 'pglite',
    lost: thread.lost,
    query: (text, values) => inTurn(() => query(text, values)),
    transaction,
    // One connection, in a thread that flushes as it goes: there is nothing to set apart.
    bulkTransaction: transaction,
    script: (text) =>
      inTurn(async () => {
        await thread.ask({ kind: 'script', text });
      }),
    async listen(channel, heard) {
      const stop = thread.hear(channel, heard);
      await inTurn(() => thread.ask({ kind: 'listen', channel }));
      return async () => stop();
    },
    async [Symbol.asyncDispose]() {
      await inTurn(() => thread.close());
      unlock();
    },
  };
}

function startThread(workerData: WorkerOptions) {
  const worker = new Worker(new URL('./pglite-worker.ts', import.meta.url), { workerData, execArgv: [] });
  const waiting = new Map<number, { resolve(rows: unknown[]): void; reject(error: Error): void }>();
  const listeners = new Map<string, Set<() => void>>();
  const ready = Promise.withResolvers<void>();
  const lost = Promise.withResolvers<Error>();
  let closing = false;
  let nextId = 1;
  let ended: Error | null = null;

  worker.on('message', (answer: WorkerAnswer) => {
    switch (answer.kind) {
      case 'ready':
        return ready.resolve();
      case 'failed':
        return ready.reject(new Error(`the embedded database did not start: ${answer.message}`));
      case 'heard':
        return listeners.get(answer.channel)?.forEach((heard) => heard());
      case 'answer':
        waiting.get(answer.id)?.resolve(answer.rows);
        return void waiting.delete(answer.id);
      case 'error':
        waiting.get(answer.id)?.reject(Object.assign(new Error(answer.message), { code: answer.code }));
        return void waiting.delete(answer.id);
    }
  });
  const end = (reason: string): void => {
    // The code of a lost connection: callers are told to come again, as with a PostgreSQL that is away.
    ended ??= Object.assign(new Error(reason), { code: 'CONNECTION_ENDED' });
    if (!closing) lost.resolve(ended);
    ready.reject(ended);
    for (const asked of waiting.values()) asked.reject(ended);
    waiting.clear();
  };
  worker.on('error', (error: Error) => end(`the embedded database failed: ${error.message}`));
  worker.on('exit', () => end('the embedded database has ended'));

  const ask = (question: Question): Promise<unknown[]> => {
    if (ended !== null) return Promise.reject(ended);
    const id = nextId++;
    return new Promise((resolve, reject) => {
      waiting.set(id, { resolve, reject });
      // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread, not a window
      worker.postMessage({ ...question, id });
    });
  };
  return {
    ready: ready.promise,
    lost: lost.promise,
    ask,
    hear(channel: string, heard: () => void) {
      const set = listeners.get(channel) ?? new Set();
      listeners.set(channel, set.add(heard));
      return () => void set.delete(heard);
    },
    async close() {
      closing = true;
      if (ended !== null) return;
      await ask({ kind: 'close' });
      await worker.terminate();
    },
  };
}
