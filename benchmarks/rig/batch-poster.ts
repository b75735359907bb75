/**
 * The least that sending costs: bodies that are ready to be sent, one after the other over one connection that stays.
 *
 * `node batch-poster.ts FLYNOTES_URL`; `{"bodies":[…]}` gives them, each `{}` posts them all.
 */
import { answerCommands } from './commands.ts';

const [, , flynotesUrl = ''] = process.argv;
let bodies: { readonly bytes: Buffer<ArrayBuffer>; readonly coding: string | null }[] = [];

const post = async (path: string, body: Buffer<ArrayBuffer> | string, coding: string | null): Promise<void> => {
  const response = await fetch(flynotesUrl + path, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...(coding === null ? {} : { 'content-encoding': coding }) },
    body,
  });
  if (!response.ok) throw new Error(`The counting server answered ${response.status}.`);
  await response.text();
};

await answerCommands({ ready: true }, async (command) => {
  if (Array.isArray(command['bodies'])) {
    bodies = (command['bodies'] as { bytes: string; coding: string | null }[]).map(({ bytes, coding }) => ({
      bytes: Buffer.from(bytes, 'base64'),
      coding,
    }));
    return { bodies: bodies.length };
  }
  await post('/v1/bulk-passes', '{"reason":"requested"}', null);
  const startedMs = performance.now();
  for (const { bytes, coding } of bodies) await post('/v1/bulk-passes/floor/batches', bytes, coding);
  return {
    elapsedMs: performance.now() - startedMs,
    bytes: bodies.reduce((sum, { bytes }) => sum + bytes.byteLength, 0),
  };
});
