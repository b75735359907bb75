import { mkdirSync } from 'node:fs';
import path from 'node:path';
import type { PinnedKey } from '@flynotes/carestream-server/api';
import { version as sourceVersion } from '@flynotes/carestream-server';
import type { HostTimes } from '@flynotes/service-host';
import type { Operator } from '../operator.ts';
import type { Registry } from '../registry/index.ts';
import type { Installation } from './installation.ts';
import type { Interceptor } from './interceptor.ts';
import type { MadeRelease, ReleaseKit } from './release-kit.ts';
import type { ServiceHost } from './service-host.ts';

/** What `--updates` adds to a sandbox. */
export interface Updates {
  readonly registry: Registry;
  /** Between the agent and Flynotes. */
  readonly interceptor: Interceptor;
  readonly kit: ReleaseKit;
  readonly host: ServiceHost;
  /** The release that was installed. */
  readonly first: MadeRelease;
}

/** The host's times where somebody waits for them: minutes become seconds. */
export const watchedHostTimes: Partial<HostTimes> = {
  soakMs: 3_000,
  unhealthyMostMs: 15_000,
  turnFirstMs: 8_000,
  turnMostMs: 16_000,
  growFirstMs: 200,
  growMostMs: 2_000,
  waitMs: 2_000,
  quickMs: 500,
  staleMs: 30_000,
};

/** The release that an installer of this checkout brings, and everything around it. */
export async function prepareInstallation(
  folder: string,
  directiveKey: PinnedKey,
): Promise<{ readonly kit: ReleaseKit; readonly first: MadeRelease; readonly installation: Installation }> {
  mkdirSync(folder, { recursive: true });
  // The bundler behind them is not for a sandbox without updates to load.
  const [{ createReleaseKit }, { layDown }] = await Promise.all([
    import('./release-kit.ts'),
    import('./installation.ts'),
  ]);
  const kit = await createReleaseKit(folder);
  const first = kit.genuine(sourceVersion);
  const installation = await layDown(path.join(folder, 'install'), kit.keysWith(directiveKey), first);
  return { kit, first, installation };
}

/** Does what a roll-out takes: the tarball to the registry, its signed manifest to Flynotes. */
export async function offer(
  { registry, operator }: { readonly registry: Registry; readonly operator: Operator },
  release: MadeRelease,
): Promise<void> {
  await registry.publish(release.tarball);
  await operator.addRelease(release.envelope);
}
