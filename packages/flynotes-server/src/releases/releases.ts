import type { SignedEnvelope } from '@flynotes/carestream-server/api';
import type { Sql } from '../database/index.ts';

/** A release whose signed manifest was added to this server. */
export interface Release {
  readonly version: string;
  readonly tarballSha512: string;
  readonly manifest: SignedEnvelope;
}

/** The release of a version; null where no manifest was added: then nothing can be installed. */
export async function findRelease(sql: Sql, version: string): Promise<Release | null> {
  const [release] = await sql.query<Release>(
    'select version, tarball_sha512 as "tarballSha512", manifest from releases where version = $1',
    [version],
  );
  return release ?? null;
}
