import type { LicenceAnswer } from '../contract/index.ts';
import type { PracticeReader } from '../practice/index.ts';
import type { Clock } from '../runtime/index.ts';
import type { GrantAccount } from './grant-script.ts';

/** What answered at Flynotes' address, whatever it was. */
export interface Knock {
  readonly status: number;
  /** Milliseconds since 1970, as the answer's `Date` has it; null where it has none. */
  readonly dateMs: number | null;
  /** True where no program of ours answers so: a page for a person, a redirect to one. */
  readonly isPage: boolean;
}

/** The data folder and its disk. */
export interface FolderFacts {
  /** False where the agent's first start makes it. */
  readonly exists: boolean;
  readonly freeBytes: number;
  /** True while an agent works with it. */
  readonly agentRuns: boolean;
}

/** Where Flynotes is. */
export interface FlynotesAddress {
  /** Name or address, without the port. */
  readonly host: string;
  readonly encrypted: boolean;
  /** The proxy's host and port where one stands in between. */
  readonly proxy: string | null;
}

/** An opened practice, and what was noticed while it was opened. */
export interface OpenedPractice {
  readonly reader: PracticeReader;
  /** `10.50.4000.0`. */
  readonly product: string | undefined;
}

/** How an examination went so far: told to Rollbar, and nothing else. */
export interface Tally {
  readonly passed: number;
  readonly warned: number;
  readonly failed: number;
}

/** Everything beyond the doctor. Each call throws an AgentError with the code of what it met, and ends with its signal. */
export interface DoctorPorts {
  readonly clock: Clock;
  readonly address: FlynotesAddress;
  readonly account: GrantAccount;
  /** The database's name as the configuration has it. */
  readonly database: string;
  /** True where the configuration holds a token for reports. */
  readonly hasRollbarToken: boolean;
  /** Looks at the data folder and writes a file to it that it removes again. */
  lookAtFolder(): Promise<FolderFacts>;
  /** How many addresses a name has. */
  resolve(host: string): Promise<number>;
  /** Asks the proxy for a way to Flynotes. */
  askProxy(signal: AbortSignal): Promise<void>;
  /** One request to Flynotes without the licence key. */
  knock(signal: AbortSignal): Promise<Knock>;
  licence(signal: AbortSignal): Promise<LicenceAnswer>;
  askRegistry(registry: NonNullable<LicenceAnswer['registry']>, signal: AbortSignal): Promise<void>;
  /** Opens R4's database as the agent does. `overrides` may wait for the licence. */
  openPractice(
    overrides: () => Promise<LicenceAnswer['schemaOverrides']>,
    signal: AbortSignal,
  ): Promise<OpenedPractice>;
  /** How many messages wait. Takes none: another agent may be serving the queue. */
  lookAtQueue(queue: LicenceAnswer['queue'], signal: AbortSignal): Promise<number>;
  /** Sends one event. Without a licence it goes where the configuration says. */
  report(licence: LicenceAnswer | null, tally: Tally, signal: AbortSignal): Promise<void>;
}

/** What checks pass on to later ones. */
export interface Findings {
  knock?: Knock;
  licence?: LicenceAnswer;
  practice?: OpenedPractice;
  /** Why the practice could not be opened. */
  openFailure?: unknown;
}
