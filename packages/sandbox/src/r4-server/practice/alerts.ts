import { dayMs, practiceToday } from './calendar.ts';
import { patientCodeOf } from './patient.ts';
import { createRandom, stream } from './random.ts';
import type { PracticeShape } from './shape.ts';

/** A medical alert that R4 shows when the patient's card opens. */
export interface LogicalAlert {
  readonly alertId: number;
  readonly patientCode: number;
  readonly text: string;
  readonly createdAt: number;
  readonly userCode: number;
  readonly active: number;
}

const texts = [
  'Allergic to penicillin',
  'Warfarin',
  'Latex allergy',
  'Pacemaker',
  'Type 2 diabetes',
  'Asthma',
  'Bisphosphonates',
  'Heart murmur – no cover needed',
  'Epilepsy',
  'Pregnant',
] as const;

/** Rows with the default number of patients. */
export const alertRows = 2_904;

export const alerts = function* (shape: PracticeShape): Generator<LogicalAlert> {
  const random = createRandom(shape.seed);
  const rows = shape.patients === 0 ? 0 : shape.scaled(alertRows);
  for (let index = 0; index < rows; index += 1) {
    random.start(stream.alert, index);
    yield {
      alertId: index + 1,
      patientCode: patientCodeOf(random.below(shape.patients)),
      text: random.pick(texts),
      createdAt: practiceToday - random.below(3000) * dayMs,
      userCode: random.between(1, 18),
      active: random.chance(0.85) ? 1 : 0,
    };
  }
};
