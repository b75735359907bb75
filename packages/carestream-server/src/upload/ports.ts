import type { PassFigures } from '../contract/index.ts';
import type { FlynotesClient } from '../flynotes/index.ts';
import type { BasicsRow, BasicsRows, PatientRows } from '../records/index.ts';
import type { Clock, Log } from '../runtime/index.ts';
import type { State } from '../state/index.ts';
import type { KeyedDigester } from './digester.ts';
import type { PatientPuts } from './patient-puts.ts';

/** A piece of the patients' table in the order of the patient number. */
export interface BasicsPage {
  readonly rows: BasicsRows;
  /** Where the next page begins; null at the table's end. */
  readonly lastCode: number | null;
  /** For each row that is not among `rows` because one before it bears the same number, that number. */
  readonly repeatedCodes?: readonly number[];
  /** How long SQL Server was at work for it. */
  readonly elapsedMs: number;
}

/** What uploading needs of the practice's database. */
export interface UploadReader {
  /** @param afterCode - null begins */
  readBasicsPage(afterCode: number | null, pageRows: number, signal: AbortSignal): Promise<BasicsPage>;
  readBasicsOf(codes: readonly number[], signal: AbortSignal): Promise<readonly BasicsRow[]>;
  readPatient(code: number, signal: AbortSignal): Promise<PatientRows | null>;
}

/** What both kinds of upload are made of. */
export interface UploadDeps {
  /** Asked for before each read, so that a reader which was opened anew is used. */
  readonly practice: () => UploadReader;
  readonly flynotes: Pick<FlynotesClient, 'beginPass' | 'sendBatch' | 'completePass' | 'putPatient' | 'sentBytes'>;
  readonly state: Pick<State, 'nextReadSequence' | 'ledger' | 'refusals' | 'findings' | 'notes'>;
  readonly clock: Clock;
  readonly log: Log;
  /** The same for both kinds: the one asks it what the other has under way. */
  readonly puts: PatientPuts;
  /** Of the newest licence answer; a pass keeps to the one that it began with. */
  readonly digester: KeyedDigester;
  /** Names which database is read, and what rows are read and mapped with: pages that were read otherwise are read again. */
  readonly readingForm?: () => string;
  /** Names who judges rows at Flynotes: what another one refused is sent once more. */
  readonly refusalJudge?: () => string;
  /** How many rows a batch may have at the moment; as many as the contract allows unless told. */
  readonly batchRowsMost?: () => number;
  /** The practice's time zone, `Europe/London`. */
  readonly timeZone: string;
}

/** Why a pass runs. */
export type PassReason = PassFigures['reason'];
