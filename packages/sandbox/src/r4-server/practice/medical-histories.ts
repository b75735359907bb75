import { alerts } from './alerts.ts';
import { dayMs, practiceToday } from './calendar.ts';
import type { PracticeShape } from './shape.ts';

/** A medical history as some practices keep it: a row of yes and no for each time that it was taken. */
export interface LogicalMedicalHistory {
  readonly historyId: number;
  readonly patientCode: number;
  readonly takenAt: number;
  readonly penicillin: number;
  readonly warfarin: number;
  readonly latex: number;
  readonly pacemaker: number;
  readonly diabetes: number;
  readonly asthma: number;
  readonly bisphosphonates: number;
  /** In words, or nothing. */
  readonly heartMurmur: string | null;
  readonly epilepsy: number;
  readonly pregnant: number;
}

type Flag = Exclude<keyof LogicalMedicalHistory, 'historyId' | 'patientCode' | 'takenAt' | 'heartMurmur'>;

const flagOf: Readonly<Record<string, Flag>> = {
  'Allergic to penicillin': 'penicillin',
  Warfarin: 'warfarin',
  'Latex allergy': 'latex',
  Pacemaker: 'pacemaker',
  'Type 2 diabetes': 'diabetes',
  Asthma: 'asthma',
  Bisphosphonates: 'bisphosphonates',
  Epilepsy: 'epilepsy',
  Pregnant: 'pregnant',
};

const healthy = {
  penicillin: 0,
  warfarin: 0,
  latex: 0,
  pacemaker: 0,
  diabetes: 0,
  asthma: 0,
  bisphosphonates: 0,
  heartMurmur: null,
  epilepsy: 0,
  pregnant: 0,
} as const;

/**
 * The practice's alerts as histories: the newest row of a patient says what is in force. One patient in three has an older row as
 * well, which says otherwise.
 */
export const medicalHistories = function* (shape: PracticeShape): Generator<LogicalMedicalHistory> {
  const current = new Map<number, Partial<Record<Flag, number>> & { heartMurmur?: string }>();
  for (const { patientCode, text, active } of alerts(shape)) {
    const own = current.get(patientCode) ?? {};
    current.set(patientCode, own);
    if (active === 0) continue;
    const flag = flagOf[text];
    if (flag === undefined) own.heartMurmur = 'no cover needed';
    else own[flag] = 1;
  }
  let historyId = 0;
  for (const [patientCode, own] of current) {
    historyId += 1;
    yield { historyId, patientCode, takenAt: practiceToday - historyId * dayMs, ...healthy, ...own };
    if (patientCode % 3 !== 0) continue;
    historyId += 1;
    yield { historyId, patientCode, takenAt: practiceToday - (4_000 + historyId) * dayMs, ...healthy, pregnant: 1 };
  }
};
