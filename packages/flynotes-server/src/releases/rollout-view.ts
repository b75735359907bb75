import { heartbeatSchema } from '@flynotes/carestream-server/api';
import type { Heartbeat } from '@flynotes/carestream-server/api';
import * as z from 'zod';
import type { Database } from '../database/index.ts';
import { dictatedVersion, findRollout } from './releases.ts';

const count = z.int().min(0);

/** What runs where, and what was undone. */
export const rolloutViewSchema = z.object({
  /** What practices run unless they are pinned or canaries. */
  installed: z.string(),
  canaryVersion: z.string().nullable(),
  floor: z.string(),
  practices: z.array(
    z.object({
      id: z.string(),
      name: z.string(),
      dictated: z.string(),
      pinnedVersion: z.string().nullable(),
      canary: z.boolean(),
      attempt: z.int(),
      /** By its last heartbeat; null before the first. */
      running: z.string().nullable(),
      hostVersion: z.string().nullable(),
      heartbeatAt: z.string().nullable(),
      update: heartbeatSchema.shape.update.nullable(),
    }),
  ),
  /** How many practices run each version, by their last heartbeats. */
  running: z.array(z.object({ version: z.string(), practices: count })),
  /** Releases that some practice undid, each with the reasons that hosts gave. */
  undone: z.array(
    z.object({
      releaseSha512: z.string(),
      version: z.string().nullable(),
      practices: count,
      reasons: z.array(z.string()),
    }),
  ),
});
/** @see {@link rolloutViewSchema} */
export type RolloutView = z.infer<typeof rolloutViewSchema>;

interface Row {
  readonly id: string;
  readonly name: string;
  readonly pinnedVersion: string | null;
  readonly canary: boolean;
  readonly attempt: number;
  readonly heartbeatAt: string | null;
  readonly heartbeat: Pick<Heartbeat, 'version' | 'hostVersion' | 'update'> | null;
}

/** Collects what the practices' newest heartbeats say. */
export async function rolloutView(database: Database, installed: string): Promise<RolloutView> {
  const rollout = await findRollout(database);
  const rows = await database.query<Row>(
    `select p.id, p.name, p.pinned_version as "pinnedVersion", p.canary, p.attempt, h.received_at as "heartbeatAt", h.heartbeat
     from practices p
     left join lateral (select received_at, heartbeat from heartbeats where practice_id = p.id order by id desc limit 1) h on true
     order by p.name, p.id limit 10000`,
  );
  const releases = await database.query<{ version: string; sha512: string }>(
    'select version, tarball_sha512 as sha512 from releases',
  );
  const versionOf = new Map(releases.map(({ version, sha512 }) => [sha512, version]));
  const running = new Map<string, number>();
  const undone = new Map<string, { practices: number; reasons: Set<string> }>();
  for (const { heartbeat } of rows) {
    if (heartbeat === null) continue;
    running.set(heartbeat.version, (running.get(heartbeat.version) ?? 0) + 1);
    const here = new Set<string>();
    for (const { releaseSha512, reason } of heartbeat.update.quarantined ?? []) {
      const entry = undone.get(releaseSha512) ?? { practices: 0, reasons: new Set() };
      entry.reasons.add(reason);
      if (!here.has(releaseSha512)) entry.practices += 1;
      here.add(releaseSha512);
      undone.set(releaseSha512, entry);
    }
  }
  return {
    installed,
    ...rollout,
    practices: rows.map(({ heartbeat, ...row }) => ({
      ...row,
      dictated: dictatedVersion(row, rollout, installed),
      running: heartbeat?.version ?? null,
      hostVersion: heartbeat?.hostVersion ?? null,
      update: heartbeat?.update ?? null,
    })),
    running: [...running].map(([version, practices]) => ({ version, practices })),
    undone: [...undone].map(([releaseSha512, { practices, reasons }]) => ({
      releaseSha512,
      version: versionOf.get(releaseSha512) ?? null,
      practices,
      reasons: [...reasons],
    })),
  };
}
