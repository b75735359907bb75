import { createHash } from 'node:crypto';
import path from 'node:path';
import { hostFiles, hostStateSlotSchema, type HostState } from '../contract/index.ts';
import type { Files } from '../runtime/index.ts';
import { jsonOf } from './directive.ts';

const slotBytesMost = 1_000_000;

/** What the host remembers: the valid slot with the highest number; null where there is none. Only ever read here. */
export async function readHostState(files: Pick<Files, 'read'>, dataDir: string): Promise<HostState | null> {
  let newest: { readonly gen: number; readonly body: HostState } | null = null;
  for (const slot of hostFiles.slots) {
    const bytes = await files.read(path.join(dataDir, slot), slotBytesMost).catch(() => null);
    const value = bytes === null ? undefined : jsonOf(bytes);
    const parsed = hostStateSlotSchema.safeParse(value);
    if (!parsed.success) continue;
    // Over the body as it was written, fields that this version does not know included.
    const written = JSON.stringify((value as { body: unknown }).body);
    if (createHash('sha256').update(written).digest('hex') !== parsed.data.sha256) continue;
    if (newest === null || parsed.data.gen > newest.gen) newest = parsed.data;
  }
  return newest?.body ?? null;
}
