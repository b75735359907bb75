import path from 'node:path';
import {
  hostFiles,
  keysFileSchema,
  releaseFolderOf,
  type Directive,
  type HostEvent,
  type HostState,
  type KeysFile,
  type LicenceAnswer,
} from '../contract/index.ts';
import { AgentError, type Clock, type Files, type Log } from '../runtime/index.ts';
import { jsonOf } from './directive.ts';
import { readHostState } from './host-slots.ts';
import { fetchTimes, type FetchTimes } from './bounded-get.ts';
import { fetchRelease, sourcesOf } from './release-fetch.ts';
import { checkAbilities, readReleaseManifest, type Abilities } from './release-manifest.ts';
import { spareBytes, stageRelease } from './staging.ts';

/** Brings dictated releases into the host's hands. Exists under a host alone. */
export interface Installer {
  /** The folder of the release that runs; null where it was started from elsewhere. */
  readonly running: string | null;
  readonly role: 'stable' | 'candidate';
  /** Whose signatures count. @throws AgentError UPDATE_KEYS_UNREADABLE */
  keys(): Promise<KeysFile>;
  /** What the host remembers; null where nothing can be read. */
  hostState(): Promise<HostState | null>;
  /**
   * Verifies, fetches where needed, stages, and leaves the directive for the host.
   * @throws AgentError in the prescribed order: signature, abilities, space, fetching, hash, archive, files
   */
  install(directive: Directive, answer: LicenceAnswer, signal: AbortSignal): Promise<void>;
}

/** What an installer needs. */
export interface InstallerDeps {
  readonly clock: Clock;
  readonly log: Log;
  readonly files: Files;
  /** Tells the host on its own channel. */
  tell(event: HostEvent): void;
}

/** What an installer is told. */
export interface InstallerOptions {
  readonly dataDir: string;
  readonly keysFile: string;
  readonly running: string | null;
  readonly role: 'stable' | 'candidate';
  readonly abilities: Abilities;
  readonly flynotes: { readonly url: string; readonly licenceKey: string };
  readonly times?: FetchTimes;
  readonly spareBytes?: number;
}

const keysBytesMost = 100_000;

/** @see {@link Installer} */
export function createInstaller(deps: InstallerDeps, options: InstallerOptions): Installer {
  const { clock, log, files } = deps;
  const { dataDir, running, role } = options;

  const keys = async (): Promise<KeysFile> => {
    let found: unknown;
    try {
      const bytes = await files.read(options.keysFile, keysBytesMost);
      found = bytes === null ? undefined : jsonOf(bytes);
    } catch (cause) {
      throw new AgentError('UPDATE_KEYS_UNREADABLE', { cause });
    }
    const parsed = keysFileSchema.safeParse(found);
    if (!parsed.success) throw new AgentError('UPDATE_KEYS_UNREADABLE');
    return parsed.data;
  };
  const hostState = (): Promise<HostState | null> => readHostState(files, dataDir);

  return {
    running,
    role,
    keys,
    hostState,
    async install(directive, answer, signal) {
      const startedMs = clock.monotonic();
      if (answer.releaseManifest === null) throw new AgentError('UPDATE_UNSIGNED');
      const envelope = answer.releaseManifest;
      const manifest = readReleaseManifest(envelope, (await keys()).release, directive);
      const state = await hostState();
      const { version, tarball } = manifest;
      // The host goes back from a trial whenever it likes: then a directive may as well.
      const undoes =
        running !== null && running === state?.candidate && releaseFolderOf(version, tarball.sha512) === state.stable;
      const { abilities } = options;
      checkAbilities(manifest, undoes ? { ...abilities, stateSchema: manifest.stateSchema } : abilities);
      const inUse = [running, state?.stable, state?.previous, state?.candidate].filter(
        (each): each is string => typeof each === 'string',
      );
      const { fetched } = await stageRelease(
        { manifest, envelope },
        {
          files,
          inUse,
          fetchTarball: () =>
            fetchRelease(
              sourcesOf(answer, options.flynotes),
              manifest,
              { clock, times: options.times ?? fetchTimes },
              signal,
            ),
        },
        { dataDir, spareBytes: options.spareBytes ?? spareBytes },
      );
      signal.throwIfAborted();
      try {
        const staged = JSON.stringify({ directive: answer.directive });
        await files.replace(path.join(dataDir, hostFiles.staged), Buffer.from(`${staged}\n`));
      } catch (cause) {
        throw new AgentError('UPDATE_STAGING_FAILED', { cause, details: { step: 'directive' } });
      }
      deps.tell({ event: 'staged', version, releaseSha512: tarball.sha512 });
      log.emit('update.staged', {
        version,
        release: releaseFolderOf(version, tarball.sha512),
        fetched,
        sizeBytes: tarball.sizeBytes,
        elapsedMs: Math.round(clock.monotonic() - startedMs),
      });
    },
  };
}
