import type { PackedBasics } from './plain/packed-basics.ts';

/**
 * A value as a driver delivers it: text, number, boolean, bigint, Date, bytes, null. Dates carry naive wall time in their
 * UTC parts (`useUTC`). Nothing is assumed of it: mapping looks at what it is.
 */
export type Cell = unknown;

/** One row of the patients' table, by our own names. What a practice's R4 does not have is null. */
export interface BasicsRow {
  readonly patientCode: Cell;
  readonly title: Cell;
  readonly forename: Cell;
  readonly surname: Cell;
  readonly knownAs: Cell;
  readonly sex: Cell;
  readonly dateOfBirth: Cell;
  readonly nhsNumber: Cell;
  /** Each may hold several addresses. */
  readonly emails: readonly Cell[];
  readonly mobilePhones: readonly Cell[];
  readonly homePhones: readonly Cell[];
  readonly workPhones: readonly Cell[];
  readonly otherPhones: readonly Cell[];
  /** In the order in which an envelope shows them, town and county last. */
  readonly addressLines: readonly Cell[];
  readonly postcode: Cell;
  readonly archived: Cell;
  /** A status in words; numbers in such a column mean nothing certain. */
  readonly status: Cell;
  /** Says the reverse of `archived`: R4's of this kind keep a flag for patients who still come. */
  readonly active: Cell;
  readonly deceased: Cell;
  /** A date of death: being there at all says `deceased`. */
  readonly diedOn: Cell;
  /** How many addresses the patient has where there should be one; 0 and 1 need no mark. */
  readonly addresses: number;
}

/** Rows of the patients' table, in the order of their codes. An array is one; a page as it came over the wire is another. */
export interface BasicsRows extends Iterable<BasicsRow> {
  readonly length: number;
  at(index: number): BasicsRow | undefined;
  /** The same rows as bytes, where they can be looked at so. */
  readonly packed?: PackedBasics | undefined;
}

/** A medical alert. */
export interface AlertRow {
  readonly text: Cell;
  readonly recordedAt: Cell;
  /** Null where R4 does not tell current alerts from past ones. */
  readonly active: Cell;
  /** Where alerts are kept as columns: `text` is what the column holds, a yes or a no or a few words. */
  readonly flag?: AlertFlag;
}

/** A column that stands for a medical alert. */
export interface AlertFlag {
  /** What it says of a patient when it says yes. */
  readonly words: string;
  /**
   * Which of the patient's rows it stands in: the only one, the newest, an older one, or one of several of which nothing tells the
   * newest.
   */
  readonly row: 'only' | 'newest' | 'older' | 'one-of-several';
}

/** A questionnaire that the patient completed. */
export interface QuestionnaireRow {
  /** Null where no answers hang on it. */
  readonly id: Cell;
  readonly completedAt: Cell;
  readonly name: Cell;
  readonly notes: Cell;
}

/** One answer of a completed questionnaire, joined with its question and preset answer. */
export interface AnswerRow {
  readonly completedId: Cell;
  readonly questionId: Cell;
  readonly question: Cell;
  readonly preset: Cell;
  readonly ownWords: Cell;
}

/** Everything that was read of one patient. */
export interface PatientRows {
  readonly basics: BasicsRow;
  readonly alerts: readonly AlertRow[];
  readonly questionnaires: readonly QuestionnaireRow[];
  /** In the order in which the form asks. */
  readonly answers: readonly AnswerRow[];
  /** Parts that this practice's R4 does not hold. */
  readonly unavailable: readonly string[];
}

/** A basics row in which nothing stands but the code: a base for tests and for rows that lack columns. */
export function emptyBasicsRow(patientCode: Cell): BasicsRow {
  return {
    patientCode,
    title: null,
    forename: null,
    surname: null,
    knownAs: null,
    sex: null,
    dateOfBirth: null,
    nhsNumber: null,
    emails: [],
    mobilePhones: [],
    homePhones: [],
    workPhones: [],
    otherPhones: [],
    addressLines: [],
    postcode: null,
    archived: null,
    status: null,
    active: null,
    deceased: null,
    diedOn: null,
    addresses: 0,
  };
}
