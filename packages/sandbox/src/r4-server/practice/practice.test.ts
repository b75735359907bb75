import { describe, expect, it } from 'vitest';
import type { DatabaseBuilder, SqlValue, TableDefinition } from '../engine.ts';
import { nhsCheckDigit } from './nhs-number.ts';
import {
  dialectNames,
  generatePractice,
  hasDirt,
  namesOf,
  patientDirt,
  patientsOf,
  storedPatientsOf,
  trainingSurnames,
  type PatientDirt,
} from './index.ts';

interface Recorded {
  readonly definition: TableDefinition;
  readonly rows: (readonly SqlValue[])[];
}

/** Keeps in memory what an engine would store. */
const recordingEngine = () => {
  const databases = new Map<string, Map<string, Recorded>>();
  const createDatabase = (name: string): DatabaseBuilder => {
    const tables = new Map<string, Recorded>();
    databases.set(name, tables);
    return {
      name,
      defineTable: (definition) => void tables.set(definition.name, { definition, rows: [] }),
      insert: (table, rows) => {
        const recorded = tables.get(table);
        if (recorded === undefined) throw new Error(`No table ${table}.`);
        for (const row of rows) recorded.rows.push(row);
        return recorded.rows.length;
      },
    };
  };
  const columnOf = (database: string, table: string, column: string): SqlValue[] => {
    const recorded = databases.get(database)?.get(table);
    const index = recorded?.definition.columns.findIndex(({ name }) => name === column) ?? -1;
    if (recorded === undefined || index < 0) throw new Error(`No column ${database}.${table}.${column}.`);
    return recorded.rows.map((row) => row[index] ?? null);
  };
  return { createDatabase, databases, columnOf };
};

describe('generatePractice', () => {
  it('has the sizes of a real practice', () => {
    const engine = recordingEngine();
    const { rows } = generatePractice(engine);
    expect(rows).toMatchObject({
      patients: 17_010,
      appointments: 100_812,
      appointmentDetails: 101_051,
      completedQuestionnaires: 8_716,
      temporaryNotes: 16_968,
      users: 20,
    });
    const completed = engine.columnOf('sys2000', 'CompletedQuestionnaire', 'PatientCode');
    expect(new Set(completed).size).toBe(4_158);
    const notes = engine
      .columnOf('sys2000', 'CompletedQuestionnaire', 'Notes')
      .filter((note) => note !== null && note !== '');
    expect(notes.length / completed.length).toBeCloseTo(0.5, 1);
    const nobody = engine.columnOf('sys2000', 'vwAppointmentDetails', 'patientcode').filter((code) => code === null);
    expect(nobody.length / 101_051).toBeCloseTo(0.017, 2);
  });

  it('gives every answer either a preset or own words, and only presets that exist', () => {
    const engine = recordingEngine();
    generatePractice(engine, { patients: 500 });
    const presets = new Set(engine.columnOf('sys2000', 'QuestionnairePresetAnswers', 'PresetAnswerID'));
    const chosen = engine.columnOf('sys2000', 'QuestionnaireAnswers', 'PresetAnswerID');
    const words = engine.columnOf('sys2000', 'QuestionnaireAnswers', 'AnswerText');
    expect(chosen.length).toBeGreaterThan(1000);
    for (const [index, preset] of chosen.entries()) {
      if (preset === null) expect(words[index]).toMatch(/\w/);
      else expect([presets.has(preset), words[index] ?? ''], String(index)).toEqual([true, '']);
    }
  });

  it('keeps every key unique and every row as wide as its table, in every dialect', () => {
    for (const dialect of dialectNames) {
      const engine = recordingEngine();
      generatePractice(engine, { patients: 700, dialect });
      for (const [database, tables] of engine.databases) {
        for (const { definition, rows } of tables.values()) {
          const where = `${dialect}: ${database}.${definition.name}`;
          const key = (definition.primaryKey ?? []).map((name) =>
            definition.columns.findIndex((column) => column.name === name),
          );
          expect(key, where).not.toContain(-1);
          if (key.length > 0)
            expect(new Set(rows.map((row) => key.map((index) => row[index]).join('|'))).size, where).toBe(rows.length);
          for (const row of rows) {
            expect(row.length, where).toBe(definition.columns.length);
            for (const [index, column] of definition.columns.entries()) {
              if (row[index] === undefined || (row[index] === null && !column.nullable))
                throw new Error(`${where}.${column.name}: ${row[index]}`);
            }
          }
        }
      }
    }
  });

  it('is the same practice every time, and another one with another seed', () => {
    const practice = (seed: number) => {
      const engine = recordingEngine();
      generatePractice(engine, { patients: 300, seed });
      return engine.databases;
    };
    expect(practice(7)).toEqual(practice(7));
    expect(practice(7)).not.toEqual(practice(8));
  });

  it('puts names into the training databases by which they are known', () => {
    const engine = recordingEngine();
    generatePractice(engine, { patients: 200 });
    expect(new Set(engine.columnOf('Tutor', 'Patients', 'Surname'))).toEqual(new Set([trainingSurnames.Tutor]));
    expect(new Set(engine.columnOf('NG_R4_Tutor', 'Patient', 'LastName'))).toEqual(
      new Set([trainingSurnames.NG_R4_Tutor]),
    );
    expect(engine.columnOf('sys2000', 'Patients', 'Surname')).not.toContain(trainingSurnames.Tutor);
    expect(engine.columnOf('Tutor', 'Patients', 'PatientCode')).toContain(1_000_000);
  });

  it('keeps addresses where the dialect has them', () => {
    const lines: Record<string, (string | null)[]> = {};
    for (const dialect of dialectNames) {
      const engine = recordingEngine();
      generatePractice(engine, { patients: 400, dialect });
      const names = namesOf(dialect);
      const of = (table: 'patients' | 'addresses', field: 'patientCode' | 'addressCode' | 'line1') =>
        engine.columnOf('sys2000', names.table(table), names.column(table, field).column);
      const codes = of('patients', 'patientCode');
      if (names.addressPlace === 'patient') lines[dialect] = of('patients', 'line1') as string[];
      else {
        const link = names.addressPlace === 'address-code' ? 'addressCode' : 'patientCode';
        const byLink = new Map(of('addresses', link).map((code, index) => [code, of('addresses', 'line1')[index]]));
        const links = link === 'addressCode' ? of('patients', link) : codes;
        lines[dialect] = links.map((code) =>
          code === null ? null : ((byLink.get(code) as string | undefined) ?? null),
        );
      }
    }
    const filled = Object.values(lines).map((list) => list.map((line) => (line?.trim() === '' ? null : line)));
    expect(filled[1]).toEqual(filled[0]);
    expect(filled[2]).toEqual(filled[0]);
    expect(filled[0]?.filter((line) => line === null).length).toBeGreaterThan(0);
  });

  it.each([-1, 1.5, Number.NaN, 5_000_001])('refuses %s patients', (patients) => {
    expect(() => generatePractice(recordingEngine(), { patients })).toThrow(RangeError);
  });

  it('makes an empty practice, and one of one', () => {
    for (const patients of [0, 1]) {
      const engine = recordingEngine();
      expect(generatePractice(engine, { patients }).rows.patients).toBe(patients);
    }
  });
});

describe('patientsOf', () => {
  const patients = [...patientsOf()];

  it('has each kind of dirt at about its stated rate', () => {
    for (const name of Object.keys(patientDirt) as PatientDirt[]) {
      // Applied to fields rather than patients, or to some of the people only.
      if (name === 'blankForNull') continue;
      const share = patients.filter((patient) => hasDirt(patient, name)).length / patients.length;
      expect(share, name).toBeGreaterThan(patientDirt[name].rate * 0.3);
      expect(share, name).toBeLessThan(patientDirt[name].rate * 2.6 + 0.001);
    }
  });

  it('marks what it spoilt, and only that', () => {
    for (const patient of patients) {
      const empty = patient.surname === null || patient.surname.trim() === '';
      if (empty !== hasDirt(patient, 'noSurname') && !hasDirt(patient, 'duplicate'))
        throw new Error(JSON.stringify(patient));
      const digits = patient.nhsNumber?.replaceAll(' ', '') ?? '';
      if (digits !== '') expect(nhsCheckDigit(digits) === Number(digits[9])).toBe(!hasDirt(patient, 'nhsCheckDigit'));
    }
  });

  it('numbers patients from 1,000,000 upward, with gaps', () => {
    const codes = patients.map(({ patientCode }) => patientCode);
    expect(codes[0]).toBe(1_000_000);
    expect(codes.every((code, index) => index === 0 || code > (codes[index - 1] ?? 0))).toBe(true);
    expect((codes.at(-1) ?? 0) - 1_000_000).toBeGreaterThan(codes.length);
  });

  it('makes the same people however many there are', () => {
    expect([...patientsOf({ patients: 50 })]).toEqual(patients.slice(0, 50));
  });
});

describe('storedPatientsOf', () => {
  it('shows what each dialect can hold of a name', () => {
    const greek = [...patientsOf()].findIndex(
      (patient) => hasDirt(patient, 'greekName') && !hasDirt(patient, 'noSurname'),
    );
    const surname = (dialect: 'classic' | 'address-table') => [...storedPatientsOf({ dialect })][greek]?.['surname'];
    expect(surname('classic')).toMatch(/\p{Script=Greek}/u);
    expect(surname('address-table')).toMatch(/\?/);
  });

  it('spells values as the dialect does', () => {
    const [first] = [...storedPatientsOf({ dialect: 'address-table', patients: 40 })].filter(
      (row) => row['sex'] !== null && row['sex'] !== '',
    );
    expect(['Male', 'Female', 'Unknown']).toContain(first?.['sex']);
    expect(namesOf('address-table').stored('patients', 'dob', Date.UTC(1899, 11, 30))).toBe(Date.UTC(1900, 0, 1));
    expect(namesOf('address-table').stored('patients', 'surname', 'Wójcik-Żółkiewska')).toBe('Wójcik-Zólkiewska');
  });
});
