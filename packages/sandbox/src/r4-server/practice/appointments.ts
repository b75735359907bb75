import { ambiguousTime, dayMs, impossibleTime, minuteMs, oleZero, practiceToday } from './calendar.ts';
import { recordDirt } from './dirt.ts';
import { patientCodeOf } from './patient.ts';
import { createRandom, stream } from './random.ts';
import type { PracticeShape } from './shape.ts';
import { providers } from './users.ts';
import { noteSentences, quotedSentences } from './words.ts';

/** One appointment, as both the table `Appts` and the view `vwAppointmentDetails` show it. */
export interface LogicalAppointment {
  readonly appointmentId: number;
  readonly patientCode: number | null;
  readonly startsAt: number;
  readonly durationMinutes: number;
  /** `Appts.Duration` is a datetime: the zero of OLE dates plus the duration. */
  readonly durationAsDate: number;
  readonly userCode: number;
  readonly providerName: string;
  readonly status: string | null;
  readonly statusFlag: number | null;
  readonly cancelled: number;
  readonly clinicCode: number;
  readonly treatmentCode: number;
  readonly appointmentType: string;
  readonly notes: string | null;
}

/** R4's states of an appointment; the flag is the position. */
export const appointmentStates = [
  'Complete',
  'Cancelled',
  'Did Not Attend',
  'On Standby',
  'Deleted',
  'Pending',
  'Waiting',
  'In Surgery',
  'Late Cancellation',
  'Postponed',
  'Left Surgery',
] as const;

const types = ['Examination', 'Treatment', 'Hygiene', 'Emergency', 'Review', 'New patient'] as const;
const states = {
  past: [1, 1, 1, 1, 1, 1, 1, 2, 3, 5, 9, 10, 11],
  future: [6, 6, 6, 6, 6, 6, 2, 4, 10],
  today: [6, 7, 8, 11, 1],
} as const;

/** At one practice, with the default number of patients: rows in `Appts`, and in the view (which also shows deleted ones). */
export const appointmentRows = { table: 100_812, view: 101_051 } as const;

/** Appointments in the order of their numbers. */
export const appointments = function* (shape: PracticeShape, rows: number): Generator<LogicalAppointment> {
  const random = createRandom(shape.seed);
  const span = 3600;
  for (let index = 0; index < rows; index += 1) {
    random.start(stream.appointment, index);
    const day = practiceToday + (Math.floor((index / rows) * span) - 3450) * dayMs;
    const nobody = shape.patients === 0 || random.chance(recordDirt.appointmentWithoutPatient.rate);
    let startsAt = day + (8 * 60 + 10 * random.below(57)) * minuteMs;
    const year = new Date(day).getUTCFullYear();
    if (index === 11 || random.chance(recordDirt.impossibleTime.rate)) startsAt = impossibleTime(year);
    else if (index === 12 || random.chance(recordDirt.ambiguousTime.rate)) startsAt = ambiguousTime(year);
    const when = startsAt < practiceToday ? 'past' : startsAt < practiceToday + dayMs ? 'today' : 'future';
    const flag = random.pick(states[when]);
    const provider = random.pick(providers);
    const durationMinutes = random.pick([10, 15, 15, 20, 30, 30, 45, 60]);
    const withNotes = random.chance(0.25);
    yield {
      appointmentId: index + 1,
      patientCode: nobody ? null : patientCodeOf(random.below(shape.patients)),
      startsAt,
      durationMinutes,
      durationAsDate: oleZero + durationMinutes * minuteMs,
      userCode: provider.userCode,
      providerName: provider.fullName,
      status: appointmentStates[flag - 1] ?? null,
      statusFlag: flag,
      cancelled: flag === 2 || flag === 9 ? 1 : 0,
      clinicCode: random.between(1, 4),
      treatmentCode: random.between(1, 60),
      appointmentType: random.pick(types),
      notes: withNotes
        ? random.pick(random.chance(recordDirt.noteQuotes.rate) ? quotedSentences : noteSentences)
        : random.chance(0.5)
          ? ''
          : null,
    };
  }
};
