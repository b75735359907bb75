import type { AgentConfig } from '../cli/config.ts';
import type { Log } from '../runtime/index.ts';
import { createSystemFiles } from '../runtime/system-files.ts';
import { stateSchema } from '../state/index.ts';
import { createInstaller, type Installer } from '../update/index.ts';
import type { AgentSurroundings } from './surroundings.ts';

/** Null where nobody would start what is installed. */
export function installerOf(config: AgentConfig, surroundings: AgentSurroundings, log: Log): Installer | null {
  const { clock, keysFile, role, hostVersion } = surroundings;
  if (keysFile === null || role === null) return null;
  return createInstaller(
    { clock, log, files: createSystemFiles(), tell: (event) => surroundings.tellHost(event) },
    {
      dataDir: config.dataDir,
      keysFile,
      running: surroundings.release,
      role,
      abilities: { node: process.versions.node, host: hostVersion, stateSchema },
      flynotes: { url: config.flynotesUrl, licenceKey: config.licenceKey },
    },
  );
}
