import { describe, expect, test } from 'vitest';
import { isAgentError } from '../runtime/index.ts';
import { writtenCatalogue } from './catalogue-rig.ts';
import type { ResolvedSchema } from './resolved-schema.ts';
import { mapWithOverrides } from './schema-overrides.ts';
import { usableMap } from './practice-schema.ts';
import { resolveSchema } from './schema-resolver.ts';

const least = 'Patients: PatientCode int*, Forename nvarchar, Surname nvarchar';
const resolve = (text: string, overrides: Record<string, unknown> = {}): ResolvedSchema =>
  resolveSchema(writtenCatalogue(text), mapWithOverrides(overrides).map);
const namesOf = (schema: ResolvedSchema, entity: keyof ResolvedSchema['entities']): Record<string, string> =>
  Object.fromEntries(
    Object.entries(schema.entities[entity]?.columns ?? {}).map(([field, columns]) => [
      field,
      columns.map((column) => column.name).join('+'),
    ]),
  );
const refusal = (text: string, overrides: Record<string, unknown> = {}): Readonly<Record<string, unknown>> => {
  try {
    resolve(text, overrides);
  } catch (error) {
    if (isAgentError(error)) return { code: error.code, ...error.details };
    throw error;
  }
  throw new Error('resolved');
};

describe('patients', () => {
  test('the least that is enough; everything usual is reported missing', () => {
    const schema = resolve(least);
    expect(schema.unavailable).toEqual([
      'address',
      'given-answers',
      'medical-alerts',
      'preset-answers',
      'questionnaires',
      'questions',
    ]);
    expect(schema.missing.filter((each) => each.entity === 'patient').map((each) => each.field)).toEqual([
      'title',
      'sex',
      'dateOfBirth',
      'nhsNumber',
      'email',
      'mobilePhone',
      'homePhone',
      'archived',
      'line1',
      'postcode',
    ]);
    expect(schema.missing.find((each) => each.field === 'nhsNumber')?.candidates).toContain('NHSNo');
  });

  test.each([
    ['PATIENTS: PATIENTCODE int*, FORENAME nvarchar, SURNAME nvarchar', 'PATIENTS'],
    ['tbl_Patients: Patient_Code int*, First_Name nvarchar, Last_Name nvarchar', 'tbl_Patients'],
    ['Patient: PatientNo bigint*, Given Name nvarchar, Family-Name nvarchar', 'Patient'],
    ['r4.Patients: PatientID decimal*, FirstName varchar, LastName char', 'Patients'],
    [`${least}\nold.Patients: PatientCode int*, Forename nvarchar, Surname nvarchar`, 'Patients'],
    [`${least}\nview vwPatients: PatientCode int, Forename nvarchar, Surname nvarchar`, 'Patients'],
    ['view vwPatients: PatientCode int, Forename nvarchar, Surname nvarchar', 'vwPatients'],
  ])('%s', (text, table) => {
    const { patient } = resolve(text).entities;
    expect(patient?.table).toBe(table);
    expect(['dbo', 'r4']).toContain(patient?.schema);
    expect(Object.keys(patient?.columns ?? {})).toEqual(['patientCode', 'forename', 'surname']);
  });

  test.each([
    ['Customers: ID int*', { lookedFor: expect.stringContaining('Patients') }],
    [
      'Patients: PatientCode int*, Forename nvarchar',
      { found: expect.stringMatching(/^Patients \(surname is none of Surname, /) },
    ],
    [
      'Patients: PatientCode varchar*, Forename nvarchar, Surname nvarchar',
      { found: expect.stringContaining('PatientCode varchar') },
    ],
    [
      'Patients: PatientCode uniqueidentifier*, Forename nvarchar, Surname nvarchar',
      { found: expect.stringContaining('PatientCode uniqueidentifier') },
    ],
    [
      'Patients: PatientCode int*, Forename nvarchar, FirstName nvarchar, Surname nvarchar',
      { found: expect.stringContaining('forename stands in Forename, FirstName') },
    ],
    [
      'tblPatients: PatientCode int*, Forename nvarchar, Surname nvarchar\nPatientDetails: PatientCode int*, Forename nvarchar, Surname nvarchar',
      { equallyGood: 'tblPatients, PatientDetails' },
    ],
  ])('%s is refused by name', (text, details) => {
    expect(refusal(text)).toMatchObject({ code: 'PRACTICE_SCHEMA_UNSUPPORTED', entity: 'patient', ...details });
  });

  test('two equally good columns: neither is taken, and that is said', () => {
    const schema = resolve(`${least}, DOB datetime, DateOfBirth datetime`);
    expect(namesOf(schema, 'patient')).not.toHaveProperty('dateOfBirth');
    expect(schema.missing).toContainEqual({
      entity: 'patient',
      field: 'dateOfBirth',
      reason: 'ambiguous',
      candidates: ['DOB', 'DateOfBirth'],
    });
  });

  test('a column of the right name and a wrong type is not read, and that is said', () => {
    expect(resolve(`${least}, DOB varbinary`).missing).toContainEqual({
      entity: 'patient',
      field: 'dateOfBirth',
      reason: 'type',
      candidates: ['DOB varbinary'],
    });
    expect(namesOf(resolve(`${least}, DOB image, BirthDate date`), 'patient')).toMatchObject({
      dateOfBirth: 'BirthDate',
    });
  });

  test('all telephones and e-mail addresses are taken, each column once', () => {
    const schema = resolve(
      `${least}, Phone varchar, Tel_Home varchar, MobileNo varchar, Mobile varchar, Phone2 varchar, Email2 varchar, EMail varchar`,
    );
    expect(namesOf(schema, 'patient')).toMatchObject({
      mobilePhone: 'MobileNo+Mobile',
      homePhone: 'Tel_Home',
      otherPhone: 'Phone2+Phone',
      email: 'EMail+Email2',
    });
    expect(namesOf(resolve(`${least}, Telephone varchar`), 'patient')).toMatchObject({ homePhone: 'Telephone' });
  });

  test('of two numbers of a patient the table’s own key is the better one', () => {
    expect(
      namesOf(resolve('Patients: PatientID int*, PatientNo int, Forename varchar, Surname varchar'), 'patient'),
    ).toMatchObject({ patientCode: 'PatientID' });
    expect(refusal('Patients: PatientID int, PatientNo int, Forename varchar, Surname varchar')).toMatchObject({
      found: expect.stringContaining('PatientID, PatientNo'),
    });
  });
});

describe('addresses', () => {
  const own = 'AddressLine1 varchar, Town varchar, Post_Code varchar';
  test.each([
    ['on the patients’ table', `${least}, ${own}`, 'patient'],
    [
      'on the patients’ table, another one beside it',
      `${least}, ${own}, AddressCode int\nAddresses: AddressCode int*, ${own}`,
      'patient',
    ],
    ['by an address code', `${least}, AddressID int\nAddress: AddressID int*, ${own}`, 'address-code'],
    ['by the patient’s code', `${least}\nPatientAddresses: PatientCode int+, ${own}`, 'patient-code'],
    [
      'by the patient’s code, where the address code is of another kind',
      `${least}, AddressCode uniqueidentifier\nAddresses: AddressCode int*, PatientCode int+, ${own}`,
      'patient-code',
    ],
    ['nowhere: nothing joins', `${least}\nAddresses: AddressCode int*, ${own}`, 'none'],
    [
      'nowhere: the table is empty of lines',
      `${least}, AddressCode int\nAddresses: AddressCode int*, Latitude float`,
      'none',
    ],
  ])('%s', (...[, text, place]) => {
    const schema = resolve(text);
    expect(schema.addressPlace).toBe(place);
    expect(schema.unavailable.includes('address')).toBe(place === 'none');
    expect(schema.entities.address !== undefined).toBe(place.startsWith('address') || place === 'patient-code');
    expect(schema.missing.filter((each) => each.field === 'line1' || each.field === 'postcode').length > 0).toBe(
      place === 'none',
    );
  });

  test('two tables of addresses: neither', () => {
    const schema = resolve(`${least}\nAddresses: PatientCode int+, ${own}\nPatientAddress: PatientCode int+, ${own}`);
    expect(schema.addressPlace).toBe('none');
    expect(schema.missing).toContainEqual({
      entity: 'address',
      reason: 'ambiguous',
      candidates: ['Addresses', 'PatientAddress'],
    });
  });
});

describe('medical history', () => {
  const history = `${least}
CompletedQuestionnaire: CompletedQuestionnaireID int*, PatientCode int+, DateTime datetime, Notes text
Questions: QuestionID int*, Question varchar
GivenAnswers: CompletedQuestionnaireID int+, QuestionID int, OptionID int, FreeText varchar`;

  test('presets that belong to a patient are no presets: they may hold a patient’s own words', () => {
    const schema = resolve(`${history}\nPresetAnswers: OptionID int*, PatientCode int, Answer varchar`);
    expect(schema.unavailable).toContain('preset-answers');
    expect(schema.entities.presetAnswer).toBeUndefined();
  });

  test('presets that no answer points at are none either', () => {
    const schema = resolve(`${history.replace(', OptionID int', '')}\nPresetAnswers: OptionID int*, Answer varchar`);
    expect(schema.unavailable).toContain('preset-answers');
    expect(resolve(`${history}\nPresetAnswers: OptionID int*, Answer varchar`).unavailable).toEqual([
      'address',
      'medical-alerts',
    ]);
  });

  test('a row id of whatever name is found by the table’s own key, and by those who point at it', () => {
    const schema = resolve(`${least}
CompletedQuestionnaire: QuestRowNumber int*, PatientCode int+, DateTime datetime, Notes text
Questions: QuestionRowKey int*, Question varchar
PresetAnswers: AnswerRowKey int*, Answer varchar
GivenAnswers: ID int*, QuestRowNumber int+, QuestionRowKey int, AnswerRowKey int, FreeText varchar`);
    expect(namesOf(schema, 'completedQuestionnaire')).toMatchObject({ id: 'QuestRowNumber' });
    expect(namesOf(schema, 'givenAnswer')).toEqual({
      id: 'ID',
      completedId: 'QuestRowNumber',
      questionId: 'QuestionRowKey',
      presetId: 'AnswerRowKey',
      ownWords: 'FreeText',
    });
    expect(schema.unavailable).toEqual(['address', 'medical-alerts']);
  });

  test('answers without a row id to hang on are left, the notes stay', () => {
    const schema = resolve(history.replace('CompletedQuestionnaireID int*, PatientCode', 'PatientCode'));
    expect(schema.unavailable).toContain('given-answers');
    expect(namesOf(schema, 'completedQuestionnaire')).toEqual({
      patientCode: 'PatientCode',
      completedAt: 'DateTime',
      notes: 'Notes',
    });
  });

  test('tables that are searched without an index are named', () => {
    expect(
      resolve(
        history.replace('PatientCode int+', 'PatientCode int').replace('PatientCode int*', 'PatientCode int'),
      ).unindexed.toSorted(),
    ).toEqual(['CompletedQuestionnaire', 'Patients']);
  });
});

describe('overrides', () => {
  test('what they name is looked for alone', () => {
    const schema = resolve(`${least}, DOB datetime, DateOfBirth datetime`, { patient: { dateOfBirth: 'DateOfBirth' } });
    expect(namesOf(schema, 'patient')).toMatchObject({ dateOfBirth: 'DateOfBirth' });
    expect(
      resolve('Klienten: Nr int*, Vorname varchar, Surname varchar', {
        patient: { table: 'Klienten', patientCode: ['Nr'], forename: 'Vorname' },
      }).entities.patient?.table,
    ).toBe('Klienten');
  });

  test.each([
    [{ patients: {} }, 'patients'],
    [{ patient: { shoeSize: 'X' } }, 'patient.shoeSize'],
    [{ patient: { __proto__x: 'X' } }, 'patient.__proto__x'],
    [{ patient: 'Patients' }, 'patient'],
    [{ patient: { title: [] } }, 'patient.title'],
    [{ patient: { title: 7 } }, 'patient.title'],
    [{ patient: { surname: null } }, 'patient.surname'],
    [{ patient: null }, 'patient.table'],
  ])('%j is left out and told; the rest holds', (overrides, refused) => {
    const more = { ...overrides, address: { table: 'Wohnorte' } };
    expect(mapWithOverrides(more).refused).toEqual([refused]);
    expect(mapWithOverrides(more).map.address.tables).toEqual([['Wohnorte']]);
    expect(namesOf(resolve(least, more), 'patient')).toMatchObject({ surname: 'Surname' });
  });

  test('null is for what is not to be read; a table may be named with its schema', () => {
    const text = `${least}, Title varchar\nMedicalAlerts: PatientCode int, Alert text\nold.Patients: PatientCode int*, Forename varchar, Surname varchar`;
    const schema = resolve(text, { patient: { title: null, table: 'old.Patients' }, medicalAlert: null });
    expect(schema.entities.patient?.schema).toBe('old');
    expect(namesOf(schema, 'patient')).not.toHaveProperty('title');
    expect(schema.entities.medicalAlert).toBeUndefined();
    expect(schema.unavailable).toContain('medical-alerts');
  });

  test('overrides with which no patients are found are left out whole', () => {
    const catalogue = writtenCatalogue(least);
    const { map, refused } = usableMap(catalogue, {
      patient: { surname: 'Nachname' },
      medicalAlert: { text: 'Warnung' },
    });
    expect(refused).toEqual(['patient', 'medicalAlert']);
    expect(resolveSchema(catalogue, map).entities.patient?.table).toBe('Patients');
  });
});

test('a table of answers that nothing points at may hold patients’ own words, whatever it is called', () => {
  const forms = 'CompletedQuestionnaire: ID int*, PatientCode int+, DateTime datetime';
  for (const answers of [
    'QuestionAnswers: QAID int*, FormRef int, QuestionID int, Answer text',
    'PresetAnswers: ID int*, Answer varchar',
  ]) {
    const schema = resolve(`${least}\n${forms}\nQuestions: QuestionID int*, Question text\n${answers}`);
    expect(schema.entities.presetAnswer).toBeUndefined();
    expect(schema.unavailable).toContain('preset-answers');
  }
});

describe('given answers', () => {
  const forms = `${least}\nCompletedQuestionnaire: ID int*, PatientCode int+, DateTime datetime, Notes text`;
  const questions = 'Questions: QuestionID int*, Question text';

  test('hang on the row id where there is one, also where patient and time stand there too', () => {
    const schema = resolve(
      `${forms}\n${questions}\nGivenAnswers: CompletedID int+, PatientCode int, DateTime datetime, QuestionID int, FreeText text`,
    );
    expect(schema.answerLink).toBe('id');
    expect(schema.unindexed).toEqual([]);
  });

  test('or on patient and time', () => {
    const schema = resolve(
      `${forms}\n${questions}\nGivenAnswers: PatientCode int+, DateTime datetime, QuestionID int, FreeText text`,
    );
    expect(schema.answerLink).toBe('patient-and-time');
    expect(schema.missing.map((each) => `${each.entity}.${each.field}`)).not.toContain('givenAnswer.completedId');
    expect(schema.unindexed).toEqual([]);
  });

  test('on the patient alone they cannot be told from those of another year', () => {
    const schema = resolve(`${forms}\n${questions}\nGivenAnswers: PatientCode int+, QuestionID int, FreeText text`);
    expect(schema.answerLink).toBe('none');
    expect(schema.unavailable).toContain('given-answers');
    expect(schema.missing.find((each) => each.entity === 'givenAnswer')?.candidates).toEqual([
      'GivenAnswers (none of completedId, patientCode with completedAt, patientKey with completedAt)',
    ]);
  });

  test('may hold the words of their question', () => {
    const schema = resolve(`${forms}\nGivenAnswers: CompletedID int+, Question varchar, Answer varchar`);
    expect(namesOf(schema, 'givenAnswer')).toMatchObject({ questionText: 'Question', ownWords: 'Answer' });
    expect(schema.unavailable).toEqual(['address', 'medical-alerts', 'preset-answers']);
  });

  test('a number called question is the key of one', () => {
    const schema = resolve(`${forms}\n${questions}\nGivenAnswers: CompletedID int+, Question int, Answer varchar`);
    expect(namesOf(schema, 'givenAnswer')).toMatchObject({ questionId: 'Question', ownWords: 'Answer' });
  });
});

test('the fingerprint follows names and types of what is used, and nothing else', () => {
  const { fingerprint } = resolve(least);
  expect(fingerprint).toMatch(/^[0-9a-f]{32}$/);
  expect(resolve(`${least}, Shoes int\nUsers: ID int*`).fingerprint).toBe(fingerprint);
  expect(resolve(`${least}, Title varchar`).fingerprint).not.toBe(fingerprint);
  expect(resolve(least.replace('Forename nvarchar', 'Forename varchar')).fingerprint).not.toBe(fingerprint);
  expect(resolve(least.replace('Forename', 'FORENAME')).fingerprint).not.toBe(fingerprint);
});
