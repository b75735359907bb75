import { dayMs, minuteMs, practiceToday } from './calendar.ts';
import { patientCodeOf } from './patient.ts';
import { createRandom, stream, type Random } from './random.ts';
import type { PracticeShape } from './shape.ts';

/** An entry of the price list; R4 has one for treatments and one for charge codes. */
export interface LogicalCode {
  readonly codeId: number;
  readonly description: string;
  readonly shortCode: string;
  readonly dpbCode: string | null;
}
export interface LogicalPlan {
  readonly patientCode: number;
  readonly planNumber: number;
  readonly createdAt: number;
  readonly userCode: number;
  readonly status: number;
}
export interface LogicalPlanItem {
  readonly patientCode: number;
  readonly planNumber: number;
  readonly itemNumber: number;
  readonly codeId: number;
  readonly tooth: string | null;
  readonly surface: string | null;
  readonly status: number;
}
export interface LogicalTransaction {
  readonly referenceId: number;
  readonly patientCode: number;
  readonly transactionCode: number;
  readonly date: number;
  readonly userCode: number;
  readonly codeId: number;
  readonly tooth: string | null;
  readonly surface: string | null;
  /** In ten-thousandths of a pound, as money is. */
  readonly patientCost: number;
}

/** Rows with the default number of patients. */
export const treatmentRows = {
  treatments: 60,
  codes: 180,
  plans: 12_240,
  transactions: 30_618,
} as const;

const work = [
  'Examination',
  'Scale and polish',
  'Composite filling',
  'Amalgam filling',
  'Root canal',
  'Crown',
  'Extraction',
  'Denture',
  'Whitening',
  'X-ray',
  'Fissure sealant',
  'Bridge',
] as const;
const extent = [
  '',
  'small',
  'medium',
  'large',
  'anterior',
  'posterior',
  'upper',
  'lower',
  '1 unit',
  '2 units',
  'review',
  'emergency',
  'child',
  'urgent',
  'private',
] as const;

/** The first `rows` entries of the price list. */
export const codes = (rows: number): readonly LogicalCode[] =>
  Array.from({ length: rows }, (_, index) => {
    const what = work[index % work.length] ?? 'Examination';
    const how = extent[Math.floor(index / work.length) % extent.length] ?? '';
    return {
      codeId: index + 1,
      description: how === '' ? what : `${what}, ${how}`,
      shortCode: `${what.slice(0, 3).toUpperCase()}${index + 1}`,
      dpbCode: index % 5 === 0 ? null : String(101 + index * 7).padStart(4, '0'),
    };
  });

const tooth = (random: Random): string | null =>
  random.chance(0.6)
    ? random.pick(['UR', 'UL', 'LR', 'LL']) + String(random.between(1, 8))
    : random.chance(0.5)
      ? ''
      : null;
const surface = (random: Random): string | null =>
  random.chance(0.4) ? random.pick(['M', 'O', 'D', 'MO', 'DO', 'MOD', 'B', 'P']) : null;

/** Plans are numbered per patient; so are their items. */
export const treatmentPlans = (
  shape: PracticeShape,
): { readonly plans: LogicalPlan[]; readonly items: LogicalPlanItem[] } => {
  const random = createRandom(shape.seed);
  const plans: LogicalPlan[] = [];
  const items: LogicalPlanItem[] = [];
  const rows = shape.patients === 0 ? 0 : shape.scaled(treatmentRows.plans);
  const numbers = new Map<number, number>();
  for (let index = 0; index < rows; index += 1) {
    random.start(stream.treatment, index);
    const patientCode = patientCodeOf(random.below(shape.patients));
    const planNumber = (numbers.get(patientCode) ?? 0) + 1;
    numbers.set(patientCode, planNumber);
    plans.push({
      patientCode,
      planNumber,
      createdAt: practiceToday - random.below(3000) * dayMs + random.between(480, 1050) * minuteMs,
      userCode: random.between(1, 9),
      status: random.between(0, 3),
    });
    const count = random.between(1, 4);
    for (let item = 1; item <= count; item += 1) {
      items.push({
        patientCode,
        planNumber,
        itemNumber: item,
        codeId: random.between(1, treatmentRows.codes),
        tooth: tooth(random),
        surface: surface(random),
        status: random.between(0, 2),
      });
    }
  }
  return { plans, items };
};

export const transactions = function* (shape: PracticeShape): Generator<LogicalTransaction> {
  const random = createRandom(shape.seed);
  const rows = shape.patients === 0 ? 0 : shape.scaled(treatmentRows.transactions);
  for (let index = 0; index < rows; index += 1) {
    random.start(stream.treatment, -index - 1);
    yield {
      referenceId: index + 1,
      patientCode: patientCodeOf(random.below(shape.patients)),
      transactionCode: random.between(1, 12),
      date: practiceToday - Math.floor(((rows - index) / rows) * 3000) * dayMs,
      userCode: random.between(1, 18),
      codeId: random.between(1, treatmentRows.codes),
      tooth: tooth(random),
      surface: surface(random),
      patientCost: random.pick([0, 238_000, 652_000, 2_827_000, 550_000, -238_000]) + random.below(2) * 5000,
    };
  }
};
