import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { Piscina } from 'piscina';
import type { BatchBody, BatchReading, readBatch } from './read-batch.ts';

/** Reads batches in threads beside the event loop: whoever asks for something small meanwhile waits for no computing. */
export interface BatchReader extends AsyncDisposable {
  /** The body's bytes are given away, and must not be used afterwards. */
  read(body: BatchBody): Promise<BatchReading>;
}

/** A thread reads a hundred thousand rows a second; more of them would only take from the database's processors. */
const threadsMost = 4;

/** The first batch starts the first thread: a server that nobody uploads to has none. */
export function createBatchReader(): BatchReader {
  const threads = new Piscina<BatchBody, BatchReading>({
    filename: fileURLToPath(new URL('./read-batch.ts', import.meta.url)),
    name: 'readBatch' satisfies typeof readBatch.name,
    minThreads: 0,
    maxThreads: Math.max(1, Math.min(threadsMost, availableParallelism() - 1)),
    idleTimeout: 60_000,
  });
  return {
    read(body) {
      // A view of memory that others use too, as small buffers are, cannot be given away.
      const { bytes } = body;
      const own = bytes.byteLength === bytes.buffer.byteLength ? bytes : Uint8Array.from(bytes);
      return threads.run({ ...body, bytes: own }, { transferList: [own.buffer] });
    },
    [Symbol.asyncDispose]: () => threads.destroy(),
  };
}
