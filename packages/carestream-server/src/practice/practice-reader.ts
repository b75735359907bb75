import type { ErrorCode } from '../contract/index.ts';
import { AgentError, isAgentError, pauseAfter, type Clock, type Log } from '../runtime/index.ts';
import type { BasicsRow, BasicsRows, Cell, PatientRows } from '../records/index.ts';
import { packedPageOf, readable } from './packed-page.ts';
import type { ReadPractice } from './practice-schema.ts';
import type { NeededGrants } from './readable-schema.ts';
import type { ResolvedEntity, ResolvedSchema } from './resolved-schema.ts';
import {
  alertOf,
  answerOf,
  createBasicsReader,
  flagAlertsOf,
  questionnaireOf,
  type BasicsReader,
} from './row-readers.ts';
import type { ManyRows, PageConnection, Query, ResultSets, SqlConnection } from './sql-connection.ts';
import { createStatements, pingStatement, type Statements } from './statements.ts';
import { unpackRows } from './tds/packed-rows.ts';
import type { TlsOffer } from './tls-offer.ts';

/** What the practice's database looks like, and whether the login could write to it. */
export interface PracticeSchema extends ResolvedSchema {
  /**
   * Names the database without telling its name: a digest of the server's name, its own, and when it was created or restored. Where
   * the server does not say, all are one.
   */
  readonly database: string;
  readonly canWrite: boolean;
  /** The login rules the server: worse than a right to write. */
  readonly sysadmin: boolean;
  /** Which TLS the connection lives with. */
  readonly tls: TlsOffer;
  /** What the login must be allowed to read. */
  readonly grants: NeededGrants;
  /** Parts that the licence answer replaced in a way that cannot be used. */
  readonly refusedOverrides: readonly string[];
  /** Codes of all that should not stay as it is. */
  readonly warnings: readonly ErrorCode[];
}

/** A page of the patients' table. */
export interface BasicsPage {
  readonly rows: BasicsRows;
  /** Where the next page begins; null after the last one. */
  readonly lastCode: number | null;
  /** For each row that is left out because one before it bears the same code, that code. */
  readonly repeatedCodes: readonly number[];
  readonly elapsedMs: number;
}

/** Reads one practice. Pages go over one connection, single patients over another that stays warm. */
export interface PracticeReader extends AsyncDisposable {
  /** As resolved last; it is resolved again when a name is no longer there, or may no longer be read. */
  readonly schema: PracticeSchema;
  /**
   * The page after a code; null begins. Rows are in the order of their codes.
   * @throws AgentError PRACTICE_…
   */
  readBasicsPage(afterCode: number | null, pageRows: number, signal: AbortSignal): Promise<BasicsPage>;
  /** Rows by code, seeing only what is committed; a code that is not there has no row. */
  readBasicsOf(codes: readonly number[], signal: AbortSignal): Promise<BasicsRow[]>;
  /** Everything of one patient in one round trip; null for no such patient. */
  readPatient(code: number, signal: AbortSignal): Promise<PatientRows | null>;
  /** Every distinct question. @throws AgentError QUESTIONNAIRE_QUESTIONS_UNKNOWN */
  readQuestions(signal: AbortSignal): Promise<string[]>;
  /** Every distinct preset answer. @throws AgentError QUESTIONNAIRE_PRESETS_UNKNOWN where they can't be told from own words */
  readPresetAnswers(signal: AbortSignal): Promise<string[]>;
  ping(signal: AbortSignal): Promise<void>;
}

/** Limits of a reader, each with a default in the connector. */
export interface ReaderLimits {
  readonly pageTimeoutMs: number;
  readonly patientTimeoutMs: number;
  /** How often a query is tried that was chosen as deadlock victim, met a lock or lost its connection. */
  readonly tries: number;
}

const backoff = { firstMs: 50, mostMs: 1_000, jitter: 0.5 };
const repeatable = new Set([
  'PRACTICE_DEADLOCK',
  'PRACTICE_LOCK_TIMEOUT',
  'PRACTICE_CONNECTION_LOST',
  'PRACTICE_READER_ENDED',
]);
/** The database is no longer as it was: a name is gone, or a right. */
const changed = new Set(['PRACTICE_SCHEMA_CHANGED', 'PRACTICE_PERMISSION_DENIED']);
/** Codes in one IN list. */
const codesPerQuery = 500;
/** Where paging goes on after a page that held no number at all. */
const beforeEveryCode = Number.MIN_SAFE_INTEGER;
export const pageRowsMost = 5_000;

interface Plan {
  readonly schema: PracticeSchema;
  readonly statements: Statements;
  readonly basics: BasicsReader;
  readonly identifiers: readonly string[];
}

function planOf({ schema, isolation }: ReadPractice): Plan {
  const statements = createStatements(schema, isolation);
  const identifiers = Object.values(schema.entities).flatMap((entity) => [
    entity.table,
    ...Object.values(entity.columns).flatMap((columns) => columns.map((column) => column.name)),
  ]);
  return { schema, statements, basics: createBasicsReader(statements.columns), identifiers };
}

/** Creates a reader over two connections. `look` reads the catalogue again. */
export function createPracticeReader(
  deps: {
    readonly clock: Clock;
    readonly log: Log;
    readonly bulk: PageConnection;
    readonly warm: SqlConnection;
    look(connection: SqlConnection, signal: AbortSignal): Promise<ReadPractice>;
  },
  first: ReadPractice,
  limits: ReaderLimits,
): PracticeReader {
  const { clock } = deps;
  let plan = planOf(first);

  /** Tries again what passes by itself, and looks at the database again when a name or a right is gone. */
  const asking = async <Answer>(
    connection: SqlConnection,
    send: (plan: Plan) => Promise<Answer>,
    signal: AbortSignal,
  ): Promise<{ answer: Answer; plan: Plan }> => {
    let looked = false;
    for (let tries = 1; ; tries += 1) {
      const used = plan;
      try {
        return { answer: await send(used), plan: used };
      } catch (error) {
        signal.throwIfAborted();
        if (!isAgentError(error)) throw error;
        if (changed.has(error.code) && !looked) {
          looked = true;
          // Somebody else may have looked meanwhile.
          if (plan === used) plan = planOf(await deps.look(connection, signal));
        } else if (repeatable.has(error.code) && tries < limits.tries) {
          await clock.sleep(pauseAfter(tries, backoff), signal);
        } else throw error;
      }
    }
  };

  const ask = async (connection: SqlConnection, queryOf: (plan: Plan) => Query, signal: AbortSignal) => {
    const send = (used: Plan) => connection.query({ ...queryOf(used), identifiers: used.identifiers }, signal);
    const { answer, plan: used } = await asking(connection, send, signal);
    return { sets: answer, plan: used };
  };
  /** Over the connection for pages. */
  const askMany = async (queryOf: (plan: Plan) => Query, signal: AbortSignal) => {
    const send = (used: Plan) => deps.bulk.queryMany({ ...queryOf(used), identifiers: used.identifiers }, signal);
    const { answer, plan: used } = await asking(deps.bulk, send, signal);
    return { rows: answer, plan: used };
  };

  const textsOf = async (
    connection: SqlConnection,
    textOf: (plan: Plan) => string,
    signal: AbortSignal,
  ): Promise<string[]> => {
    const { sets } = await ask(connection, (used) => ({ text: textOf(used), timeoutMs: limits.pageTimeoutMs }), signal);
    const distinct = new Set<string>();
    for (const [cell] of sets[0] ?? []) {
      const text = typeof cell === 'string' ? cell.trim() : '';
      // The same words in other capitals are kept: whoever maps them must find each as it stands in R4.
      if (text !== '') distinct.add(text);
    }
    return [...distinct].sort();
  };

  return {
    get schema() {
      return plan.schema;
    },

    async readBasicsPage(afterCode, pageRows, signal) {
      if (!Number.isInteger(pageRows) || pageRows < 1 || pageRows > pageRowsMost)
        throw new RangeError(`a page has 1 to ${pageRowsMost} rows`);
      const startedAt = clock.monotonic();
      const { rows, plan: used } = await askMany(
        ({ statements }) =>
          afterCode === null
            ? { text: statements.firstPage(pageRows), timeoutMs: limits.pageTimeoutMs }
            : {
                text: statements.nextPage(pageRows),
                parameters: { after: afterCode },
                timeoutMs: limits.pageTimeoutMs,
              },
        signal,
      );
      const page = pageOf(rows, pageRows, used);
      if (afterCode !== null && page.lastCode !== null && page.lastCode <= afterCode) {
        throw new AgentError('PRACTICE_QUERY_FAILED', { details: { reason: 'codes do not ascend' } });
      }
      return { ...page, elapsedMs: clock.monotonic() - startedAt };
    },

    async readBasicsOf(codes, signal) {
      const found: BasicsRow[] = [];
      for (let from = 0; from < codes.length; from += codesPerQuery) {
        const some = codes.slice(from, from + codesPerQuery);
        const { rows, plan: used } = await askMany(
          ({ statements }) => ({ text: statements.basicsOf(some), timeoutMs: limits.pageTimeoutMs }),
          signal,
        );
        found.push(...pageOf(rows, Infinity, used).rows);
      }
      return found;
    },

    async readPatient(code, signal) {
      const { sets, plan: used } = await ask(
        deps.warm,
        ({ statements }) => ({ text: statements.patient, parameters: { code }, timeoutMs: limits.patientTimeoutMs }),
        signal,
      );
      const setOf = (part: Statements['parts'][number]): ResultSets[number] =>
        sets[used.statements.parts.indexOf(part)] ?? [];
      const basics = pageOfValues(setOf('basics'), Infinity, used).rows.at(0);
      if (basics === undefined) return null;
      return {
        basics,
        alerts: [
          ...setOf('alerts').map(alertOf),
          ...flagAlertsOf(used.statements.flags, {
            patient: setOf('patient-flags'),
            history: setOf('history-flags'),
          }),
        ],
        questionnaires: setOf('questionnaires').map(questionnaireOf),
        answers: setOf('answers').map(answerOf),
        unavailable: used.schema.unavailable,
      };
    },

    readQuestions: (signal) =>
      textsOf(
        deps.bulk,
        ({ statements }) => {
          if (statements.questions === undefined) throw new AgentError('QUESTIONNAIRE_QUESTIONS_UNKNOWN');
          return statements.questions;
        },
        signal,
      ),

    readPresetAnswers: (signal) =>
      textsOf(
        deps.bulk,
        ({ statements }) => {
          if (statements.presetAnswers === undefined) throw new AgentError('QUESTIONNAIRE_PRESETS_UNKNOWN');
          return statements.presetAnswers;
        },
        signal,
      ),

    async ping(signal) {
      await ask(deps.warm, () => ({ text: pingStatement, timeoutMs: limits.patientTimeoutMs }), signal);
    },

    async [Symbol.asyncDispose]() {
      await Promise.all([deps.bulk.close(), deps.warm.close()]);
    },
  };
}

type Rows = Pick<BasicsPage, 'rows' | 'lastCode' | 'repeatedCodes'>;

/** Whether a patient can have no second row: neither the patient nor the address beside it comes twice. */
function isOneRowEach({ schema: { entities, addressPlace } }: Plan): boolean {
  const { patient, address } = entities;
  const oneAddress = isKey(address, addressPlace === 'address-code' ? 'addressCode' : 'patientCode');
  return isKey(patient, 'patientCode') && (address === undefined || oneAddress);
}

function pageOf(rows: ManyRows, pageRows: number, plan: Plan): Rows {
  if (!('starts' in rows)) return pageOfValues(rows, pageRows, plan);
  const full = rows.starts.length >= pageRows;
  const addresses = plan.schema.entities.address === undefined ? 0 : 1;
  const page = packedPageOf(rows, { basics: plan.basics, addresses, leavesOutLast: full && !isOneRowEach(plan) });
  if (page === null)
    return pageOfValues(
      readable(() => unpackRows(rows)),
      pageRows,
      plan,
    );
  return { rows: page.rows, repeatedCodes: [], lastCode: full ? page.lastCode : null };
}

function pageOfValues(values: readonly (readonly Cell[])[], pageRows: number, plan: Plan): Rows {
  const { patient, address } = plan.schema.entities;
  const codeIsKey = isKey(patient, 'patientCode');
  const rows: BasicsRow[] = [];
  const repeatedCodes: number[] = [];
  let previous = Number.NEGATIVE_INFINITY;
  let chosen: readonly Cell[] | undefined;
  let addresses = 0;
  const finish = (): void => {
    if (chosen !== undefined) rows.push(plan.basics.read(chosen, addresses));
  };
  const full = values.length >= pageRows;
  const end = full && !isOneRowEach(plan) ? endOfWhole(values) : values.length;
  for (let index = 0; index < end; index += 1) {
    const row = values[index] ?? [];
    const code = numberOf(row[0]);
    if (code === null) {
      // No usable code: mapping refuses it, and it counts.
      rows.push(plan.basics.read(row, 0));
      continue;
    }
    if (code < previous) throw new AgentError('PRACTICE_QUERY_FAILED', { details: { reason: 'codes do not ascend' } });
    if (chosen === undefined || code > previous) {
      finish();
      previous = code;
      chosen = row;
      addresses = address === undefined ? 0 : 1;
    } else if (address !== undefined && (codeIsKey || differInAddress(plan.basics, row, chosen))) {
      addresses += 1;
      // Whichever order the server chose today, the same address is passed on.
      if (plan.basics.isAddressBefore(row, chosen)) chosen = row;
    } else repeatedCodes.push(code);
  }
  finish();
  return { rows, repeatedCodes, lastCode: full ? Math.max(previous, beforeEveryCode) : null };
}

/** Two rows of a code that is no key: one patient with two addresses, or two patients with one code? */
const differInAddress = (basics: BasicsReader, one: readonly Cell[], other: readonly Cell[]): boolean =>
  basics.isSamePerson(one, other) && (basics.isAddressBefore(one, other) || basics.isAddressBefore(other, one));

/** Whether no two rows of a table can bear the same value there. */
function isKey(entity: ResolvedEntity | undefined, field: string): boolean {
  return entity?.primaryKey.length === 1 && entity.primaryKey[0] === entity.columns[field]?.[0]?.name;
}

/**
 * A full page may end amidst the rows of one patient: the rows of its last code are read again with the next page, unless the page
 * holds nothing else.
 */
function endOfWhole(values: readonly (readonly Cell[])[]): number {
  const last = numberOf(values.at(-1)?.[0]);
  const end = values.findLastIndex((row) => numberOf(row[0]) !== last) + 1;
  return end === 0 ? values.length : end;
}

/** Any number at all, so that paging gets past rows that mapping refuses. */
const numberOf = (cell: Cell): number | null => {
  if (typeof cell === 'number') return Number.isFinite(cell) ? cell : null;
  if (typeof cell === 'bigint' || (typeof cell === 'string' && /^\s*-?\d{1,19}\s*$/.test(cell))) return Number(cell);
  return null;
};
