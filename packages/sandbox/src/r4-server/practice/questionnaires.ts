import { ambiguousTime, datetimeTick, dayMs, impossibleTime, minuteMs, practiceToday } from './calendar.ts';
import { recordDirt } from './dirt.ts';
import { patientCodeOf } from './patient.ts';
import { createRandom, stream, type Random } from './random.ts';
import type { PracticeShape } from './shape.ts';
import { questions } from './questionnaire-words.ts';
import { noteSentences, quotedSentences } from './words.ts';

/** A medical-history questionnaire that a patient filled in on one day. */
export interface LogicalCompletedQuestionnaire {
  readonly completedId: number;
  readonly patientCode: number;
  readonly completedAt: number;
  readonly notes: string | null;
  readonly userCode: number;
}

/** One answer: by a preset answer's id, or in the patient's own words. */
export interface LogicalGivenAnswer {
  readonly answerId: number;
  readonly completedId: number;
  readonly questionId: number;
  readonly presetId: number | null;
  readonly ownWords: string | null;
}

/** At one practice, with the default number of patients. */
export const questionnaireRows = { completed: 8_716, patients: 4_158 } as const;

/** Own words are written so that nobody can mistake them for a preset answer. */
const ownWords = [
  'Aspirin 75mg every morning',
  'Since the operation in 2019 I get dizzy lying flat',
  'My mother had the same',
  'Warfarin, last INR 2.4',
  'Hay fever only',
  'About ten a day, trying to stop',
  'Metformin and ramipril',
  'I’d rather talk about it',
  'Hives after penicillin as a child',
  "Can't remember the name – small white tablet",
] as const;

/** Which patients completed how many questionnaires, and when; in the order in which they were completed. */
export const completedQuestionnaires = (shape: PracticeShape): readonly LogicalCompletedQuestionnaire[] => {
  const random = createRandom(shape.seed);
  const total = shape.scaled(questionnaireRows.completed);
  const people = Math.min(shape.scaled(questionnaireRows.patients), shape.patients);
  if (people === 0) return [];
  const rows: { patient: number; at: number; index: number }[] = [];
  const patients: number[] = [];
  for (let index = 0; index < total; index += 1) {
    random.start(stream.questionnaire, index);
    // The first `people` rows go to different patients, evenly over the practice; the others come back to one of them.
    if (index < people)
      patients.push(
        Math.floor((index * shape.patients) / people) + random.below(Math.max(1, Math.floor(shape.patients / people))),
      );
    const patient = patients[index < people ? index : random.below(people)] ?? 0;
    let at = datetimeTick(
      practiceToday - random.below(2600) * dayMs + (8 * 60 + random.below(600)) * minuteMs + random.below(60_000),
    );
    const year = new Date(at).getUTCFullYear();
    if (index === 5 || random.chance(recordDirt.impossibleTime.rate)) at = impossibleTime(year);
    else if (index === 6 || random.chance(recordDirt.ambiguousTime.rate)) at = ambiguousTime(year);
    rows.push({ patient, at, index });
  }
  const noteRandom = createRandom(shape.seed);
  rows.sort((a, b) => a.at - b.at || a.index - b.index);
  return rows.map(({ patient, at, index }, position) => {
    random.start(stream.note, index);
    return {
      completedId: position + 1,
      patientCode: patientCodeOf(patient),
      completedAt: at,
      notes: noteOf(noteRandom, random.chance(recordDirt.questionnaireNotes.rate), index),
      userCode: random.between(1, 18),
    };
  });
};

const noteOf = (random: Random, present: boolean, index: number): string | null => {
  random.start(stream.note, -index - 1);
  if (!present) return random.chance(0.5) ? '' : null;
  if (index === 7 || random.chance(recordDirt.noteUndefinedByte.rate))
    return 'Copied from the old system: \u0081 see card.';
  return random.pick(random.chance(recordDirt.noteQuotes.rate) ? quotedSentences : noteSentences);
};

/** The answers of one completed questionnaire. */
export const givenAnswers = function* (
  shape: PracticeShape,
  completed: readonly LogicalCompletedQuestionnaire[],
): Generator<LogicalGivenAnswer> {
  const random = createRandom(shape.seed);
  let answerId = 0;
  for (const { completedId } of completed) {
    random.start(stream.answer, completedId);
    const first = random.below(3);
    for (let index = first; index < questions.length; index += random.between(3, 6)) {
      const question = questions[index];
      if (question === undefined) break;
      answerId += 1;
      const own = question.presets.length === 0 || random.chance(0.12);
      yield {
        answerId,
        completedId,
        questionId: question.questionId,
        presetId: own ? null : random.pick(question.presets),
        ownWords: own ? random.pick(ownWords) : random.chance(0.5) ? '' : null,
      };
    }
  }
};
