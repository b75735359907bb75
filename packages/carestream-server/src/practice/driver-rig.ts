import type { RigServer } from './practice-rig.ts';
import { freeTdsString, odbcMissing } from './odbc/odbc-rig.ts';

/** For tests: one of the two ways to SQL Server, and what it needs to reach the simulator. */
export interface TestDriver {
  readonly name: 'tedious' | 'msnodesqlv8';
  /** Says loudly what was not run, and why. */
  readonly title: string;
  readonly present: boolean;
  /** What becomes of a byte that its code page does not define: neither is lost in silence, but FreeTDS writes another sign. */
  readonly undefinedByte: string;
  /** A connection string for tedious as this driver has it. */
  string(forTedious: string): string;
  /** The server, with connection strings for this driver. */
  reached<Server extends RigServer>(server: Server): Server & { plainString(user?: string): string };
}

function testDriver(
  driver: Pick<TestDriver, 'name' | 'undefinedByte'>,
  missing: string | undefined,
  string: (forTedious: string) => string,
): TestDriver {
  return {
    ...driver,
    title: missing === undefined ? driver.name : `${driver.name}: NOT RUN, missing is ${missing}`,
    present: missing === undefined,
    string,
    reached: (server) => ({
      ...server,
      connectionString: (user?: string) => string(server.connectionString(user)),
      plainString: (user?: string) => server.connectionString(user),
    }),
  };
}

/** For tests: both drivers. */
export const testDrivers: readonly TestDriver[] = [
  testDriver({ name: 'tedious', undefinedByte: '\ufffd' }, undefined, (text) => text),
  testDriver({ name: 'msnodesqlv8', undefinedByte: '?' }, odbcMissing(), freeTdsString),
];
