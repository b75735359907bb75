import { rmSync } from 'node:fs';
import path from 'node:path';
import { build } from 'rolldown';
import { hostVersion } from '../../packages/service-host/src/agent-interface.ts';
import { buildServiceHost } from '../service-host.ts';
import { root } from '../steps.ts';

export { hostVersion };

/** Bundles the host's scripts into `folder`, one file each, without dependencies: the supervisor, and what writes the configuration. */
export async function buildHostScripts(folder: string): Promise<void> {
  await buildServiceHost(folder);
  // The command of that name is a program in C here.
  rmSync(path.join(folder, 'carestream-service.mjs'), { force: true });
  await build({
    input: path.join(root, 'packages/service-host/windows/settings.ts'),
    cwd: root,
    platform: 'node',
    external: [/^node:/],
    output: { file: path.join(folder, 'settings.mjs'), format: 'esm', codeSplitting: false },
    logLevel: 'warn',
  });
}
