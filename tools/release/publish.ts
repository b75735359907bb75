import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createHash } from 'node:crypto';

/** Where to publish, and as whom. */
export interface PublishTarget {
  readonly registry: string;
  readonly token: string;
}

/** What became of it. */
export type Published = { readonly outcome: 'published' } | { readonly outcome: 'already-there' };

/**
 * Publishes a tarball byte for byte with `npm publish`. The same bytes already there are no failure, so that a repeated run of CI passes;
 * other bytes under the same version are.
 * @throws Error in plain words
 */
export async function publishTarball(
  file: string,
  release: { readonly name: string; readonly version: string; readonly tarball: Uint8Array },
  target: PublishTarget,
): Promise<Published> {
  const registry = new URL(target.registry.endsWith('/') ? target.registry : `${target.registry}/`);
  const held = await integrityAt(registry, release, target.token);
  if (held !== null) {
    const ours = `sha512-${createHash('sha512').update(release.tarball).digest('base64')}`;
    if (held === ours) return { outcome: 'already-there' };
    throw new Error(
      `the registry holds other bytes as ${release.name} ${release.version}: a version is never replaced`,
    );
  }
  const folder = mkdtempSync(path.join(tmpdir(), 'carestream-publish-'));
  try {
    const userConfig = path.join(folder, 'npmrc');
    const address = `//${registry.host}${registry.pathname}`;
    writeFileSync(userConfig, `${address}:_authToken=${target.token}\n`, { mode: 0o600 });
    const { status, stderr } = spawnSync(
      process.platform === 'win32' ? 'npm.cmd' : 'npm',
      [
        'publish',
        path.resolve(file),
        `--registry=${registry.href}`,
        `--userconfig=${userConfig}`,
        '--ignore-scripts',
        '--provenance=false',
        '--access=restricted',
        // Named, because npm refuses a version below the newest without: going back is a normal thing here.
        `--tag=${release.version.includes('-') ? 'next' : 'latest'}`,
      ],
      // Elsewhere, so that no other configuration is found beside the sources.
      { cwd: folder, encoding: 'utf8', shell: process.platform === 'win32' },
    );
    if (status !== 0) throw new Error(`npm publish failed:\n${stderr.replaceAll(target.token, '***').trim()}`);
    return { outcome: 'published' };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function integrityAt(
  registry: URL,
  { name, version }: { readonly name: string; readonly version: string },
  token: string,
): Promise<string | null> {
  const response = await fetch(new URL(name.replace('/', '%2f'), registry), {
    headers: { authorization: `Bearer ${token}`, accept: 'application/json' },
    signal: AbortSignal.timeout(30_000),
  }).catch((error: unknown) => {
    throw new Error(`the registry at ${registry.host} cannot be reached`, { cause: error });
  });
  if (response.status === 404) return null;
  if (!response.ok) throw new Error(`the registry at ${registry.host} answered ${response.status}`);
  const packument = (await response.json()) as { versions?: Record<string, { dist?: { integrity?: string } }> };
  return packument.versions?.[version]?.dist?.integrity ?? null;
}
