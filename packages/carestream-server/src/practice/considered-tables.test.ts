import { describe, expect, test } from 'vitest';
import { isAgentError } from '../runtime/index.ts';
import { writtenCatalogue } from './catalogue-rig.ts';
import { explainEntities } from './schema-explanation.ts';
import type { EntityName } from './schema-map.ts';
import { resolveSchema } from './schema-resolver.ts';

const person = 'PatientCode int*, Forename nvarchar, Surname nvarchar';
const least = `Patients: ${person}`;

const consideredFor = (text: string, wanted: EntityName): readonly string[] =>
  explainEntities(writtenCatalogue(text))
    .find(({ entity }) => entity === wanted)
    ?.considered.map(({ table, why }) => `${table}: ${why}`) ?? [];

function refusalOf(text: string): Readonly<Record<string, unknown>> {
  try {
    resolveSchema(writtenCatalogue(text));
  } catch (error) {
    if (isAgentError(error)) return { code: error.code, ...error.details };
    throw error;
  }
  throw new Error('resolved');
}

describe('whatever bears one of the names is accounted for', () => {
  test.each([
    ['a lesser name', `${least}\ntblPatients: ${person}`, 'patient', ['tblPatients: dbo.Patients comes first']],
    [
      'lesser names of several ranks, a view among them',
      `${least}\nPatient: ${person}\nview vwPatients: ${person}`,
      'patient',
      ['Patient: dbo.Patients comes first', 'vwPatients: dbo.Patients comes first'],
    ],
    [
      'a better name without what is needed',
      `Patients: PatientCode int*\ntblPatients: ${person}`,
      'patient',
      [expect.stringMatching(/^Patients: forename is none of Forename/)],
    ],
    [
      'a lesser name that would not do either',
      `${least}\nPatientDetails: ID int*`,
      'patient',
      ['PatientDetails: dbo.Patients comes first'],
    ],
    ['another schema', `${least}\nold.Patients: ${person}`, 'patient', ['Patients: dbo.Patients comes first']],
    [
      'two equally good ones, and a lesser one',
      `${least}\nMedicalAlerts: PatientCode int, Alert text\nPatientAlerts: PatientCode int, Alert text\nAlerts: PatientCode int, Text text`,
      'medicalAlert',
      ['Alerts: the others come first', 'MedicalAlerts: as good as the others', 'PatientAlerts: as good as the others'],
    ],
    [
      'addresses that the patients hold themselves',
      `Patients: ${person}, Address1 varchar\nAddresses: PatientCode int, Address1 varchar`,
      'address',
      ['Addresses: Patients holds addresses itself'],
    ],
  ] as const)('%s', (_, text, entity, expected) => {
    expect(consideredFor(text, entity)).toEqual(expected);
  });

  test('names that differ in case alone, where the database tells them apart', () => {
    expect(refusalOf(`Patients: ${person}\nPATIENTS: ${person}`)).toMatchObject({
      code: 'PRACTICE_SCHEMA_UNSUPPORTED',
      equallyGood: 'Patients, PATIENTS',
    });
  });
});

describe('a better name of the wrong type', () => {
  test.each([
    ['Patients: PatientCode varchar, ID int*, Forename varchar, Surname varchar', 'PatientCode varchar'],
    ['Patients: PatientNo nvarchar, Code int*, Forename varchar, Surname varchar', 'PatientNo nvarchar'],
    ['Patients: PatientCode datetime, PatientID int*, Forename varchar, Surname varchar', 'PatientCode datetime'],
  ])('%s: refused by name', (text, named) => {
    expect(refusalOf(text)).toMatchObject({
      code: 'PRACTICE_SCHEMA_UNSUPPORTED',
      found: expect.stringContaining(named) as string,
    });
  });

  test('a GUID is a key of another kind, beside which R4’s number stands', () => {
    const schema = resolveSchema(
      writtenCatalogue(
        'Patients: PatientID uniqueidentifier*, SourcePatientCode int, Forename varchar, Surname varchar',
      ),
    );
    expect(schema.entities.patient?.columns['patientCode']?.[0]?.name).toBe('SourcePatientCode');
    expect(schema.entities.patient?.columns['patientKey']?.[0]?.name).toBe('PatientID');
  });

  test('a GUID alone is no number of R4’s', () => {
    expect(refusalOf('Patients: PatientID uniqueidentifier*, Forename varchar, Surname varchar')).toMatchObject({
      found: expect.stringContaining('PatientID uniqueidentifier') as string,
    });
  });
});

describe('medical alerts as columns', () => {
  test('a table of histories without a single flag is none', () => {
    const schema = resolveSchema(writtenCatalogue(`${least}\nMedicalHistory: PatientCode int, Smoker bit`));
    expect(schema.entities.medicalHistory).toBeUndefined();
    expect(schema.unavailable).toContain('medical-alerts');
  });

  test('a table of alerts that cannot be read is told, though there are columns', () => {
    const schema = resolveSchema(writtenCatalogue(`Patients: ${person}, Asthma bit\nMedicalAlerts: Alert text`));
    expect(schema.missing.find(({ entity }) => entity === 'medicalAlert')).toMatchObject({ reason: 'missing' });
    expect(schema.unavailable).not.toContain('medical-alerts');
  });

  test('a column that holds something else than yes, no or words is no flag', () => {
    const schema = resolveSchema(writtenCatalogue(`Patients: ${person}, Asthma datetime, Diabetic image`));
    expect(schema.unavailable).toContain('medical-alerts');
  });
});
