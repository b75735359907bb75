import type { DatabaseBuilder, SqlValue, TableDefinition } from '../engine.ts';
import { asCodePage1252 } from './code-page.ts';
import { completedQuestionnaires } from './questionnaires.ts';
import type { LogicalPatient } from './patient.ts';
import { createRandom, stream, type Random } from './random.ts';
import type { PracticeShape } from './shape.ts';
import { datetime, int, ntext, nvarchar, uniqueidentifier, varchar } from './types.ts';

const patientTable: TableDefinition = {
  name: 'Patient',
  kind: 'table',
  columns: [
    { name: 'PatientId', type: uniqueidentifier, nullable: false },
    { name: 'SourcePatientCode', type: int, nullable: true },
    { name: 'FirstName', type: nvarchar(50), nullable: true },
    { name: 'LastName', type: nvarchar(50), nullable: true },
    { name: 'DateOfBirth', type: datetime, nullable: true },
    { name: 'EmailAddress', type: varchar(120), nullable: true },
  ],
  primaryKey: ['PatientId'],
};

const questionnaireTable: TableDefinition = {
  name: 'MedicalQuestionnaire',
  kind: 'table',
  columns: [
    { name: 'QuestionnaireId', type: uniqueidentifier, nullable: false },
    { name: 'PatientId', type: uniqueidentifier, nullable: true },
    { name: 'CompletedOn', type: datetime, nullable: true },
    { name: 'Notes', type: ntext, nullable: true },
  ],
  primaryKey: ['QuestionnaireId'],
};

const hex = (value: number, digits: number): string => value.toString(16).toUpperCase().padStart(digits, '0');

const guidOf = (random: Random, index: number): string => {
  random.start(stream.guid, index);
  const part = (): string => hex(random.below(0x10000), 4);
  return `${part()}${part()}-${part()}-4${part().slice(1)}-${hex(0x8000 + random.below(0x4000), 4)}-${part()}${part()}${part()}`;
};

/** Fills the newer generation's database: a part of the practice, under GUID keys, and not kept up to date. */
export const fillGuidCopy = (
  database: DatabaseBuilder,
  shape: PracticeShape,
  patients: Iterable<LogicalPatient>,
): { readonly patients: number; readonly questionnaires: number } => {
  const random = createRandom(shape.seed);
  const limit = shape.scaled(5_100);
  const ids = new Map<number, string>();

  const people = function* (): Generator<readonly SqlValue[]> {
    let index = 0;
    for (const { patientCode, forename, surname, dob, email } of patients) {
      if (index >= limit) return;
      const id = guidOf(random, index);
      index += 1;
      ids.set(patientCode, id);
      yield [id, patientCode, forename, surname, dob, email === null ? null : asCodePage1252(email)];
    }
  };
  const questionnaires = function* (): Generator<readonly SqlValue[]> {
    for (const { completedId, patientCode, completedAt, notes } of completedQuestionnaires(shape)) {
      const id = ids.get(patientCode);
      if (id !== undefined) yield [guidOf(random, 10_000_000 + completedId), id, completedAt, notes];
    }
  };

  database.defineTable(patientTable);
  database.defineTable(questionnaireTable);
  return {
    patients: database.insert(patientTable.name, people()),
    questionnaires: database.insert(questionnaireTable.name, questionnaires()),
  };
};
