import { datetimeTick, practiceToday } from './calendar.ts';
import { recordDirt } from './dirt.ts';
import { patientCodeOf } from './patient.ts';
import { createRandom, stream } from './random.ts';
import type { PracticeShape } from './shape.ts';
import { noteSentences, quotedSentences } from './words.ts';

/** A note in a patient's card; three tables of R4 hold such notes. */
export interface LogicalNote {
  readonly noteId: number;
  readonly patientCode: number;
  readonly createdAt: number;
  readonly userCode: number;
  readonly text: string | null;
}

/** Rows with the default number of patients. */
export const noteRows = { patient: 11_350, treatment: 15_220, temporary: 16_968 } as const;

export type NoteKind = keyof typeof noteRows;

const salts: Record<NoteKind, number> = {
  patient: 10_000_000,
  treatment: 20_000_000,
  temporary: 30_000_000,
};

export const notes = function* (shape: PracticeShape, kind: NoteKind): Generator<LogicalNote> {
  const random = createRandom(shape.seed);
  const rows = shape.patients === 0 ? 0 : shape.scaled(noteRows[kind]);
  for (let index = 0; index < rows; index += 1) {
    random.start(stream.note, salts[kind] + index);
    yield {
      noteId: index + 1,
      // Nearly every patient has one temporary note; the other kinds gather at some.
      patientCode: patientCodeOf(
        kind === 'temporary' ? Math.floor((index * shape.patients) / rows) : random.below(shape.patients),
      ),
      createdAt: datetimeTick(practiceToday - random.below(2_000_000_000) * 60),
      userCode: random.between(1, 18),
      text: textOf(),
    };
  }

  function textOf(): string | null {
    if (kind === 'temporary' && random.chance(0.7)) return random.chance(0.5) ? '' : null;
    if (random.chance(recordDirt.noteUndefinedByte.rate)) return 'Old card: \u0081';
    return random.pick(random.chance(recordDirt.noteQuotes.rate) ? quotedSentences : noteSentences);
  }
};

/** What the NHS is told about a patient. */
export interface LogicalNhsDetails {
  readonly patientCode: number;
  readonly ethnicityCategory: number | null;
}
/** Sums that R4 keeps per patient; money in ten-thousandths of a pound. */
export interface LogicalStats {
  readonly patientCode: number;
  readonly balance: number;
  readonly nhsBalance: number;
  readonly visits: number;
}

export const nhsDetailRows = 9_120;

export const nhsDetails = function* (shape: PracticeShape): Generator<LogicalNhsDetails> {
  const random = createRandom(shape.seed);
  const rows = shape.scaled(nhsDetailRows);
  for (let index = 0; index < rows; index += 1) {
    random.start(stream.note, 40_000_000 + index);
    yield {
      patientCode: patientCodeOf(Math.floor((index * shape.patients) / rows)),
      ethnicityCategory: random.chance(0.6) ? random.between(1, 17) : null,
    };
  }
};

export const patientStats = function* (shape: PracticeShape): Generator<LogicalStats> {
  const random = createRandom(shape.seed);
  const rows = Math.min(shape.patients, shape.scaled(17_010));
  for (let index = 0; index < rows; index += 1) {
    random.start(stream.note, 50_000_000 + index);
    yield {
      patientCode: patientCodeOf(index),
      balance: random.chance(0.2) ? random.between(-5000, 40_000) * 100 : 0,
      nhsBalance: random.chance(0.1) ? random.between(-500, 4000) * 100 : 0,
      visits: random.below(90),
    };
  }
};
