import type { FullRecord } from '../contract/index.ts';
import { mapBasics, type BasicsContext, type Mapped } from './basics.ts';
import { flagOf, flagWord } from './flags.ts';
import { localTimeOf } from './local-time.ts';
import { marksOf, note, type Applied } from './rules.ts';
import type { AlertFlag, AlertRow, AnswerRow, Cell, PatientRows, QuestionnaireRow } from './rows.ts';
import { textOf } from './text.ts';

type Alert = FullRecord['medicalAlerts'][number];
type Questionnaire = FullRecord['questionnaires'][number];
type Answer = Questionnaire['answers'][number];

/** What mapping a full record must know besides the rows. */
export interface FullContext extends BasicsContext {
  /** The practice's time zone, `Europe/London`. */
  readonly timeZone: string;
}

// The longest words of a column come before it.
const alertLimits = { most: 9_900, lines: true };
const questionLimits = { most: 4000, lines: true };
const ownWordsLimits = { most: 100_000, lines: true };
const nameLimits = { most: 400 };
const notesLimits = { most: 1_000_000, lines: true };
const alertsMost = 1000;
const questionnairesMost = 2000;
const answersMost = 2000;

/** Maps everything that was read of one patient. Pure, and never throws. */
export function mapFullRecord(rows: PatientRows, context: FullContext): Mapped<FullRecord> {
  const basics = mapBasics(rows.basics, context);
  if (basics.outcome === 'refused') return basics;
  const applied: Applied = [];
  const record: FullRecord = {
    basics: basics.record,
    medicalAlerts: limited(alertsOf(rows.alerts, context, applied), alertsMost, applied),
    questionnaires: questionnairesOf(rows, context, applied),
  };
  if (rows.unavailable.length > 0) record.unavailable = [...rows.unavailable];
  const marks = marksOf(applied);
  if (marks !== undefined) record.marks = marks;
  return { outcome: 'mapped', record, rules: [...new Set([...basics.rules, ...applied])] };
}

/** The last items are the newest; where there are too many, those are kept. */
function limited<Item>(items: Item[], most: number, applied: Applied): Item[] {
  if (items.length <= most) return items;
  note(applied, 'list-truncated');
  return items.slice(-most);
}

function alertsOf(rows: readonly AlertRow[], context: FullContext, applied: Applied): Alert[] {
  const alerts: Alert[] = [];
  for (const row of rows) {
    if (flagOf(row.active, applied) === false) {
      note(applied, 'alert-inactive');
      continue;
    }
    const text =
      row.flag === undefined ? textOf(row.text, alertLimits, applied) : flaggedText(row.text, row.flag, applied);
    if (text === undefined) {
      if (row.flag === undefined) note(applied, 'alert-blank');
      continue;
    }
    if (row.flag !== undefined) {
      if (row.flag.row === 'older') {
        note(applied, 'alert-superseded');
        continue;
      }
      if (alerts.some((alert) => alert.text === text)) {
        note(applied, 'alert-repeated');
        continue;
      }
      note(applied, 'alert-from-flag');
      if (row.flag.row === 'one-of-several') note(applied, 'alert-histories-several');
    }
    const recordedAt = localTimeOf(row.recordedAt, context.timeZone, applied);
    alerts.push(recordedAt === undefined ? { text } : { text, recordedAt });
  }
  return alerts;
}

/** A yes is the column's own words; what is neither yes nor no stands behind them, as it is. */
function flaggedText(cell: Cell, { words }: AlertFlag, applied: Applied): string | undefined {
  if (cell === true || cell === 1 || cell === -1) return words;
  if (cell === false || cell === 0) return undefined;
  const text = textOf(cell, alertLimits, applied);
  if (text === undefined) return undefined;
  const known = flagWord(text);
  if (known !== undefined) return known ? words : undefined;
  return text.toLowerCase() === words.toLowerCase() ? words : `${words}: ${text}`;
}

/** Row ids of any type, GUIDs in either case, and times where answers are linked by them. Whatever is none equals nothing. */
function keyOf(id: Cell): string | undefined {
  if (id instanceof Date) return Number.isNaN(id.getTime()) ? undefined : id.toISOString();
  if (typeof id === 'string') return id.trim().toUpperCase();
  return typeof id === 'number' || typeof id === 'bigint' ? String(id) : undefined;
}

function questionnairesOf(rows: PatientRows, context: FullContext, applied: Applied): Questionnaire[] {
  const answers = new Map<string, Answer[]>();
  const completed = rows.questionnaires.map((row) => {
    const own: Answer[] = [];
    const key = keyOf(row.id);
    // Two that were completed at the same moment: whose answers these are cannot be known, and none are lost.
    if (key !== undefined && answers.has(key)) note(applied, 'questionnaire-repeated');
    else if (key !== undefined) answers.set(key, own);
    return questionnaireOf(row, own, { context, applied });
  });
  for (const row of rows.answers) {
    const own = answers.get(keyOf(row.completedId) ?? '');
    if (own === undefined) note(applied, 'answer-orphaned');
    else if (own.length < answersMost) own.push(answerOf(row, applied));
    else note(applied, 'list-truncated');
  }
  // Text in this form sorts as time does. What has no time comes first: nothing says that it is the newest.
  completed.sort((one, other) => {
    const a = one.completedAt?.local ?? '';
    const b = other.completedAt?.local ?? '';
    return a < b ? -1 : a > b ? 1 : 0;
  });
  return limited(completed, questionnairesMost, applied);
}

function questionnaireOf(
  row: QuestionnaireRow,
  answers: Answer[],
  { context, applied }: { readonly context: FullContext; readonly applied: Applied },
): Questionnaire {
  const questionnaire: Questionnaire = { answers };
  const completedAt = localTimeOf(row.completedAt, context.timeZone, applied);
  const name = textOf(row.name, nameLimits, applied);
  const notes = textOf(row.notes, notesLimits, applied);
  if (completedAt !== undefined) questionnaire.completedAt = completedAt;
  if (name !== undefined) questionnaire.name = name;
  if (notes !== undefined) questionnaire.notes = notes;
  return questionnaire;
}

function answerOf(row: AnswerRow, applied: Applied): Answer {
  const answer: Answer = {
    question: textOf(row.question, questionLimits, applied) ?? numbered(row.questionId, applied),
  };
  const preset = textOf(row.preset, questionLimits, applied);
  const ownWords = textOf(row.ownWords, ownWordsLimits, applied);
  if (preset !== undefined) answer.preset = preset;
  if (ownWords !== undefined) answer.ownWords = ownWords;
  return answer;
}

const guid = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

function numbered(questionId: Cell, applied: Applied): string {
  note(applied, 'question-text-missing');
  const id = textOf(questionId, nameLimits, applied) ?? '?';
  return `#${guid.test(id) ? id.toUpperCase() : id}`;
}
