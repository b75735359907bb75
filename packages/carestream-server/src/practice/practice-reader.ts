import type { ErrorCode } from '../contract/index.ts';
import { AgentError, isAgentError, pauseAfter, type Clock, type Log } from '../runtime/index.ts';
import type { BasicsRow, PatientRows } from '../records/index.ts';
import { pageOf, pageOfValues, type PageRows } from './page-rows.ts';
import type { ReadPractice } from './practice-schema.ts';
import type { NeededGrants } from './readable-schema.ts';
import type { ResolvedSchema } from './resolved-schema.ts';
import {
  alertOf,
  answerOf,
  createBasicsReader,
  flagAlertsOf,
  questionnaireOf,
  type BasicsReader,
} from './row-readers.ts';
import type { PageConnection, Query, ResultSets, SqlConnection } from './sql-connection.ts';
import { createStatements, pingStatement, type Statements } from './statements.ts';
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

/** @see {@link PageRows} */
export interface BasicsPage extends PageRows {
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
