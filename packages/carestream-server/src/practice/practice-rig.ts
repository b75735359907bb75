import type { Clock, Log } from '../runtime/index.ts';
import { createSystemClock } from '../runtime/system-clock.ts';
import { createPracticeConnector, type PracticeConnectorOptions } from './practice-connector.ts';
import type { BasicsPage, PracticeReader } from './practice-reader.ts';

/** For tests: a log that keeps what it was told. */
export function createMemoryLog(): Log & {
  readonly events: { name: string; fields: Readonly<Record<string, unknown>> }[];
} {
  const events: { name: string; fields: Readonly<Record<string, unknown>> }[] = [];
  return {
    events,
    emit: (name, fields) => void events.push({ name, fields }),
    error: (error) => void events.push({ name: 'error', fields: { error } }),
  };
}

/** A simulated R4, as far as a connector needs it. */
export interface RigServer {
  readonly port: number;
  connectionString(user?: string): string;
  close(): Promise<void>;
}

/** For tests: a connector for a simulated R4, which goes down with the rig. With a virtual clock, limits end when the test says so. */
export function createPracticeRig<Server extends RigServer>(server: Server, clock: Clock = createSystemClock()) {
  const log = createMemoryLog();
  const connector = (more: Partial<PracticeConnectorOptions> = {}) =>
    createPracticeConnector({ clock, log }, { database: server.connectionString(), ...more });
  return {
    server,
    log,
    connector,
    open: (more: Partial<PracticeConnectorOptions> = {}): Promise<PracticeReader> =>
      connector(more).open(new AbortController().signal),
    [Symbol.asyncDispose]: () => server.close(),
  };
}

/** For tests: every page, in order. */
export async function allPages(reader: PracticeReader, pageRows: number): Promise<BasicsPage[]> {
  const pages: BasicsPage[] = [];
  for (let after: number | null = null; ;) {
    const page: BasicsPage = await reader.readBasicsPage(after, pageRows, new AbortController().signal);
    pages.push(page);
    if (page.lastCode === null) return pages;
    after = page.lastCode;
  }
}
