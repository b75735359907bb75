import type { Clock } from '../runtime/index.ts';
import type { DiscoveryProbes } from './discovery.ts';
import { fixedLocation } from './location.ts';
import { installedDrivers } from './odbc/installed-drivers.ts';
import { askBrowser } from './sql-browser.ts';
import { createSqlConnection } from './sql-connection.ts';
import { pingStatement } from './statements.ts';

/** A place that does not answer by then is passed by. */
const tryMostMs = 5_000;
const browserMs = 1_500;

/** The probes of a search on this machine. */
export function systemProbes(
  deps: { readonly clock: Clock },
  options: { readonly connectTimeoutMs: number; readonly browserPort?: number | undefined },
): DiscoveryProbes {
  const { browserPort } = options;
  const connectTimeoutMs = Math.min(options.connectTimeoutMs, tryMostMs);
  return {
    odbcDrivers: (signal) => installedDrivers(process.platform, signal),
    instances: (signal) =>
      askBrowser(
        { host: '127.0.0.1', waitMs: browserMs, ...(browserPort === undefined ? {} : { port: browserPort }) },
        signal,
      ),
    async tryOut(target, signal) {
      const connection = createSqlConnection(deps, { location: fixedLocation(target), connectTimeoutMs, browserPort });
      try {
        await connection.query({ text: pingStatement, timeoutMs: tryMostMs }, signal);
      } finally {
        await connection.close();
      }
    },
  };
}
