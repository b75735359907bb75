import { orderedBasics } from '../contract/index.ts';
import { createPlainBasics, mapBasics, type BasicsRow, type BasicsRows } from '../records/index.ts';
import type { Clock, Log } from '../runtime/index.ts';
import { expect } from 'vitest';
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

/** For tests: whatever is written straight from a row's bytes is what mapping the row gives. @returns how many rows were */
export function expectPlainAsMapped(rows: BasicsRows): number {
  const today = '2026-10-30';
  const plain = rows.packed ? createPlainBasics(rows.packed, today) : null;
  let written = 0;
  for (const [index, row] of [...rows].entries()) {
    if (!rows.packed || !plain?.write(rows.packed, index)) continue;
    written += 1;
    const mapped = mapBasics(row, { today });
    expect(mapped.outcome === 'mapped' ? orderedBasics(mapped.record) : mapped.code).toBe(
      plain.bytes.toString('utf8', 0, plain.length),
    );
    expect([...plain.rules()].sort()).toEqual([...mapped.rules].sort());
  }
  return written;
}

/** A page with all its rows read. */
export type WholePage = BasicsPage & { readonly rows: readonly BasicsRow[] };

/** For tests: every page, in order. */
export async function allPages(reader: PracticeReader, pageRows: number): Promise<WholePage[]> {
  const pages: WholePage[] = [];
  for (let after: number | null = null; ;) {
    const page: BasicsPage = await reader.readBasicsPage(after, pageRows, new AbortController().signal);
    expectPlainAsMapped(page.rows);
    pages.push({ ...page, rows: [...page.rows] });
    if (page.lastCode === null) return pages;
    after = page.lastCode;
  }
}
