import type { ErrorCode } from '../contract/index.ts';
import { AgentError, isAgentError } from '../runtime/index.ts';
import { tcpTarget, type DatabaseTarget, type SearchTarget } from './database-config.ts';
import { odbcTarget } from './odbc/odbc-string.ts';
import { shownAddress, type ServerAddress } from './server-address.ts';
import type { BrowserInstance } from './sql-browser.ts';

/** A place where R4 may be, and by which ODBC driver; without one over TCP. */
export interface Candidate {
  readonly address: ServerAddress;
  readonly driver?: string;
}

/** What a search does to the world. */
export interface DiscoveryProbes {
  /** ODBC drivers for SQL Server on this machine, the best first. */
  odbcDrivers(signal: AbortSignal): Promise<readonly string[]>;
  /** Instances on this machine, as SQL Server Browser tells them; none when it is silent. */
  instances(signal: AbortSignal): Promise<readonly BrowserInstance[]>;
  /** Connects to the database, and closes again. @throws AgentError why not */
  tryOut(target: DatabaseTarget, signal: AbortSignal): Promise<void>;
}

/** Keeps what was found: the place and the driver's name, nothing of a login. */
export interface DiscoveryNotes {
  get(key: string): string | null;
  set(key: string, value: string): void;
}

/** Something that was tried, and why it was not it. */
export interface Tried {
  readonly place: string;
  readonly driver?: string;
  readonly code: ErrorCode;
}

/** Finds the SQL Server that holds R4's database. */
export interface Discovery {
  /**
   * The first place that works: the remembered one, then the usual ones.
   * @throws AgentError PRACTICE_NOT_FOUND, with what was tried; where all places fail for one reason, or one place says why R4 is
   * there and cannot be opened, that reason
   */
  find(signal: AbortSignal): Promise<DatabaseTarget>;
  /** What the latest search tried so far, and why it was not it: `.\SQLEXPRESS by SQL Server: PRACTICE_UNREACHABLE, …`. */
  tried(): string;
}

const noteKey = 'practice.found';
/** Names under which practices' installers and SQL Server's own set instances up. */
const usualInstances = ['SQLEXPRESS', 'R4', 'CSR4', 'R4SQL', 'CARESTREAM', 'SQL2008', 'MSSQLSERVER2008'];
/** Someone is there and knows R4's database or our login: the reason to tell, rather than "not found". */
const telling: readonly ErrorCode[] = [
  'PRACTICE_DATABASE_OFFLINE',
  'PRACTICE_DATABASE_RESTORING',
  'PRACTICE_DATABASE_SINGLE_USER',
  'PRACTICE_LOGIN_DISABLED',
  'PRACTICE_PASSWORD_EXPIRED',
  'PRACTICE_LOGIN_FAILED',
  'PRACTICE_LOGIN_UNTRUSTED',
  'PRACTICE_SERVER_PAUSED',
  'PRACTICE_SERVER_STOPPING',
  'PRACTICE_ENCRYPTION_REQUIRED',
  'PRACTICE_TLS_FAILED',
  'PRACTICE_DATABASE_UNAVAILABLE',
];
/** With these, the other places would fail in the same way. */
const hopeless: ReadonlySet<ErrorCode> = new Set<ErrorCode>(['PRACTICE_DRIVER_MISSING']);

/** Creates a search for the target's open questions. */
export function createDiscovery(
  deps: { readonly probes: DiscoveryProbes; readonly notes?: DiscoveryNotes },
  search: SearchTarget,
): Discovery {
  const { probes, notes } = deps;
  let tried: Tried[] = [];

  /** On this machine SQL Server Browser was asked already; once more for each instance would only take time. */
  const unasked = (target: DatabaseTarget): DatabaseTarget => {
    if (target.driver !== 'odbc' || search.address !== undefined) return target;
    const { instance: _, ...rest } = target;
    return rest;
  };

  const targetOf = ({ address, driver }: Candidate): DatabaseTarget => {
    const { login, database, encrypt, trustServerCertificate } = search;
    const settings = { login, database, encrypt, trustServerCertificate };
    if (driver !== undefined) return odbcTarget({ driver, address, ...settings });
    if (login === 'windows') throw new TypeError('Windows authentication needs an ODBC driver');
    return tcpTarget(address, { ...settings, login });
  };

  const addressesOf = async (signal: AbortSignal): Promise<ServerAddress[]> => {
    if (search.address !== undefined) return [search.address];
    const told = await probes.instances(signal);
    const addresses: ServerAddress[] = [
      { server: '.' },
      ...told.map(({ instance, tcpPort }): ServerAddress => {
        if (search.over === 'tedious' && tcpPort !== undefined) return { server: '.', port: tcpPort };
        return instance.toUpperCase() === 'MSSQLSERVER' ? { server: '.' } : { server: '.', instance };
      }),
      // Where Browser is silent TCP cannot find an instance by its name; ODBC can, over shared memory.
      ...(search.over === 'odbc' && told.length === 0
        ? usualInstances.map((instance) => ({ server: '.', instance }))
        : []),
      { server: '127.0.0.1', port: 1433 },
    ];
    const seen = new Set<string>();
    return addresses.filter((address) => {
      const key = shownAddress(address).toUpperCase();
      const isNew = !seen.has(key);
      seen.add(key);
      return isNew;
    });
  };

  const remembered = (): Candidate | undefined => {
    const candidate = parseCandidate(notes?.get(noteKey) ?? null);
    // A note of another life, when the configuration said something else, is of no use.
    return candidate === undefined || (candidate.driver === undefined) !== (search.over === 'tedious')
      ? undefined
      : search.address === undefined || shownAddress(search.address) === shownAddress(candidate.address)
        ? candidate
        : undefined;
  };

  return {
    tried: () => shownTried(tried),
    async find(signal) {
      tried = [];
      const failures: AgentError[] = [];
      /** Undefined where it does not work. */
      const attempt = async (candidate: Candidate): Promise<DatabaseTarget | undefined> => {
        const target = targetOf(candidate);
        try {
          await probes.tryOut(unasked(target), signal);
        } catch (error) {
          signal.throwIfAborted();
          if (!isAgentError(error)) throw error;
          if (hopeless.has(error.code)) throw error;
          tried.push({
            place: shownAddress(candidate.address),
            ...(candidate.driver === undefined ? {} : { driver: candidate.driver }),
            code: error.code,
          });
          failures.push(error);
          return undefined;
        }
        notes?.set(noteKey, JSON.stringify(candidate));
        return target;
      };

      const known = remembered();
      if (known !== undefined) {
        const target = await attempt(known);
        if (target !== undefined) return target;
      }
      const drivers = search.over === 'tedious' ? [undefined] : await probes.odbcDrivers(signal);
      if (drivers.length === 0)
        throw new AgentError('PRACTICE_ODBC_DRIVER_MISSING', { details: { reason: 'none is installed' } });
      const addresses = await addressesOf(signal);
      /** Drivers that turned out not to be there. */
      const absent = new Set<string | undefined>();
      for (const address of addresses) {
        for (const driver of drivers) {
          if (absent.has(driver)) continue;
          const candidate: Candidate = driver === undefined ? { address } : { address, driver };
          if (known !== undefined && isSame(known, candidate)) continue;
          const target = await attempt(candidate);
          if (target !== undefined) return target;
          const code = failures.at(-1)?.code;
          if (code === 'PRACTICE_ODBC_DRIVER_MISSING') absent.add(driver);
          // Another driver may speak another TLS, or reach another protocol's port; it meets the same server otherwise.
          else if (code !== undefined && !mayDependOnDriver.has(code)) break;
        }
      }
      throw failureOf(tried, failures);
    },
  };
}

const mayDependOnDriver: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'PRACTICE_TLS_FAILED',
  'PRACTICE_ENCRYPTION_REQUIRED',
  'PRACTICE_READER_ENDED',
]);

const shownTried = (tried: readonly Tried[]): string =>
  tried.map(({ place, driver, code }) => `${place}${driver === undefined ? '' : ` by ${driver}`}: ${code}`).join(', ');

/** What to tell when nothing worked: names of places and drivers, and codes. */
function failureOf(tried: readonly Tried[], failures: readonly AgentError[]): AgentError {
  const told = telling.flatMap((code) => failures.find((failure) => failure.code === code) ?? [])[0];
  const [first] = failures;
  const alone = first !== undefined && failures.every(({ code }) => code === first.code) && failures.length === 1;
  const reason = told ?? (alone ? first : undefined);
  return new AgentError(reason?.code ?? 'PRACTICE_NOT_FOUND', {
    cause: reason?.cause,
    details: { ...reason?.details, tried: shownTried(tried) },
  });
}

const isSame = (one: Candidate, other: Candidate): boolean =>
  one.driver === other.driver && shownAddress(one.address) === shownAddress(other.address);

function parseCandidate(note: string | null): Candidate | undefined {
  try {
    const value = JSON.parse(note ?? 'null') as Partial<Candidate> | null;
    const address = value?.address;
    if (typeof address?.server !== 'string') return undefined;
    if (value?.driver !== undefined && typeof value.driver !== 'string') return undefined;
    return {
      address: {
        server: address.server,
        ...(typeof address.port === 'number' ? { port: address.port } : {}),
        ...(typeof address.instance === 'string' ? { instance: address.instance } : {}),
      },
      ...(value?.driver === undefined ? {} : { driver: value.driver }),
    };
  } catch {
    return undefined;
  }
}
