import type { LicenceAnswer, PinnedKey } from '@flynotes/carestream-server/api';
import { openMigrated } from './database/index.ts';
import type { Database, DatabaseOptions } from './database/index.ts';
import type { RequestLine } from './http/app.ts';
import type { Practices } from './practices/index.ts';
import type { QueueOptions } from './queue/index.ts';

/** How a server is started. */
export interface FlynotesServerOptions {
  readonly host?: string;
  /** 0, the default, takes a free one. */
  readonly port?: number;
  /** A PostgreSQL, or the embedded one; in memory by default. */
  readonly database?: DatabaseOptions;
  readonly queue?: QueueOptions;
  readonly operatorToken: string;
  /** The version that practices are to run; the installed library's by default. */
  readonly version?: string;
  readonly agentVersionLeast?: string;
  readonly rollbar?: LicenceAnswer['rollbar'];
  readonly registry?: LicenceAnswer['registry'];
  /** Whose signatures count when a release is added; any without. Agents decide by their own host's keys. */
  readonly releaseKeys?: readonly PinnedKey[] | null;
  /** Where agents reach this server, for addresses that it gives them; as they asked, without. */
  readonly publicUrl?: string | null;
  /** An unfinished pass can be resumed for this long; 6 hours. */
  readonly passValidMs?: number;
  readonly directiveValidMs?: number;
  /** How long an agent's queue keys are valid; 36 hours. */
  readonly credentialDurationS?: number;
  readonly maintenanceEveryMs?: number;
  /** The longest that a stop waits for requests in flight; 10 seconds. */
  readonly stopWithinMs?: number;
  /** The sandbox's reception desk, told to the console's page. */
  readonly deskUrl?: string | null;
  readonly log?: (line: RequestLine) => void;
}

/** A running server. */
export interface FlynotesServer extends AsyncDisposable {
  readonly url: string;
  readonly port: number;
  readonly operatorToken: string;
  /** What directives are signed with: SPKI in base64 and its id. */
  readonly signingKey: { readonly keyId: string; readonly publicKey: string };
  readonly practices: Practices;
  /** For tests that look behind the API. */
  readonly database: Database;
  /** Resolves when the database is gone for good and only a new start helps. */
  readonly lost: Promise<Error>;
  close(): Promise<void>;
}

/** Starts the reference server side. @throws Error in plain words when the database cannot be used */
export async function createFlynotesServer(options: FlynotesServerOptions): Promise<FlynotesServer> {
  // The embedded database takes longest: everything else is loaded while it starts in its thread.
  const opening = openMigrated(options.database ?? { dataDir: null });
  const [database, { serve }] = await Promise.all([opening, import('./serve.ts')]);
  return serve(database, options);
}
