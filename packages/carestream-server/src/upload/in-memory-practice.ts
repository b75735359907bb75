import { emptyBasicsRow, type BasicsRow, type PatientRows } from '../records/index.ts';
import type { UploadReader } from './ports.ts';

/** A practice's R4 within the process, for tests. */
export interface InMemoryPractice {
  readonly reader: UploadReader;
  /** Rows by patient number; two rows may bear the same one. */
  readonly rows: Map<number, BasicsRow[]>;
  /** Enters a patient, or changes one. */
  enter(patientCode: number, fields?: Partial<BasicsRow>): void;
  /** Called before (`read` is about to look) and after (it has looked, the answer is under way) each read. */
  hook: (read: 'page' | 'keys' | 'patient', when: 'before' | 'after', signal: AbortSignal) => void | Promise<void>;
}

/** @see {@link InMemoryPractice} */
export function createInMemoryPractice(): InMemoryPractice {
  const rows = new Map<number, BasicsRow[]>();

  const around = async <Result>(
    read: 'page' | 'keys' | 'patient',
    signal: AbortSignal,
    look: () => Result,
  ): Promise<Result> => {
    signal.throwIfAborted();
    await double.hook(read, 'before', signal);
    const found = look();
    await double.hook(read, 'after', signal);
    signal.throwIfAborted();
    return found;
  };

  const double: InMemoryPractice = {
    rows,
    hook: () => undefined,
    enter(patientCode, fields = {}) {
      const names = { surname: `Surname ${patientCode}`, forename: 'Ffion' };
      rows.set(patientCode, [{ ...emptyBasicsRow(patientCode), ...names, ...fields }]);
    },
    reader: {
      readBasicsPage: (afterCode, pageRows, signal) =>
        around('page', signal, () => {
          const codes = [...rows.keys()].sort((a, b) => a - b).filter((code) => code > (afterCode ?? 0));
          const page = codes.slice(0, pageRows);
          const ended = page.length === codes.length;
          return {
            rows: page.flatMap((code) => rows.get(code) ?? []),
            lastCode: ended ? null : (page.at(-1) ?? null),
            elapsedMs: 4,
          };
        }),
      readBasicsOf: (codes, signal) => around('keys', signal, () => codes.flatMap((code) => rows.get(code) ?? [])),
      readPatient: (code, signal) =>
        around('patient', signal, () => {
          const basics = rows.get(code)?.[0];
          return basics ? { basics, alerts: [], questionnaires: [], answers: [], unavailable: [] } : null;
        }) as Promise<PatientRows | null>,
    },
  };
  return double;
}
