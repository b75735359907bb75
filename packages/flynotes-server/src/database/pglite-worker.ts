/** The thread in which PGlite runs: WebAssembly blocks for as long as a statement takes, and the event loop must not. */
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { promisify } from 'node:util';
import { parentPort, workerData } from 'node:worker_threads';
import { constants, zstdCompress, zstdDecompress } from 'node:zlib';
import { PGlite } from '@electric-sql/pglite';
import type { PGliteOptions } from '@electric-sql/pglite';
import { instantOf } from './database.ts';
import type { WorkerAnswer, WorkerOptions, WorkerRequest } from './pglite-messages.ts';

if (parentPort === null) throw new Error('pglite-worker.ts runs as a worker thread');
const port = parentPort;
const { dataDir, templateFile, fresh } = workerData as WorkerOptions;
const say = (answer: WorkerAnswer): void => port.postMessage(answer);

let keeping: Promise<void> = Promise.resolve();
const common: PGliteOptions = {
  ...(dataDir === null ? {} : { dataDir }),
  parsers: { 20: Number, 1184: instantOf },
};

/** An empty data directory as `initdb` leaves it: loading one takes a tenth of making one. */
async function template(): Promise<Blob | null> {
  if (!fresh || templateFile === null) return null;
  try {
    return new Blob([new Uint8Array(await promisify(zstdDecompress)(await readFile(templateFile)))]);
  } catch {
    return null;
  }
}

async function open(): Promise<PGlite> {
  const prepared = await template();
  if (prepared !== null) {
    try {
      return await PGlite.create({ ...common, loadDataDir: prepared });
    } catch {
      // A damaged template must never prevent a start.
      if (templateFile !== null) await rm(templateFile, { force: true });
      if (dataDir !== null) await rm(dataDir, { recursive: true, force: true });
    }
  }
  const made = await PGlite.create(common);
  if (fresh && templateFile !== null) keeping = keepTemplate(await made.dumpDataDir('none'), templateFile);
  return made;
}

/** Beside the work; a failure costs the next first start some seconds and nothing else. */
async function keepTemplate(dump: Blob, file: string): Promise<void> {
  const temporary = `${file}.${process.pid}`;
  try {
    const packed = await promisify(zstdCompress)(Buffer.from(await dump.arrayBuffer()), {
      params: { [constants.ZSTD_c_compressionLevel]: 3 },
    });
    await mkdir(dirname(file), { recursive: true });
    await writeFile(temporary, packed);
    await rename(temporary, file);
  } catch {
    await rm(temporary, { force: true }).catch(() => undefined);
  }
}

try {
  const database = await open();
  await database.exec("set time zone 'UTC'");
  say({ kind: 'ready' });
  port.on('message', (request: WorkerRequest) => {
    void serve(database, request);
  });
} catch (error) {
  say({ kind: 'failed', message: error instanceof Error ? error.message : 'PGlite did not start' });
}

async function serve(database: PGlite, request: WorkerRequest): Promise<void> {
  const { id } = request;
  try {
    switch (request.kind) {
      case 'query': {
        const { rows } = await database.query(request.text, [...request.values]);
        return say({ kind: 'answer', id, rows });
      }
      case 'script':
        await database.exec(request.text);
        return say({ kind: 'answer', id, rows: [] });
      case 'listen':
        await database.listen(request.channel, () => say({ kind: 'heard', channel: request.channel }));
        return say({ kind: 'answer', id, rows: [] });
      case 'close':
        await database.close();
        await keeping;
        return say({ kind: 'answer', id, rows: [] });
    }
  } catch (error) {
    const { message = 'query failed', code } = error as { message?: string; code?: string };
    say({ kind: 'error', id, message, code: code ?? null });
  }
}
