import { table, type Dialect } from '../dialect.ts';
import { bit, char, datetime, decimal, int, smalldatetime, smallint, text, varchar } from '../types.ts';
import { classic } from './classic.ts';

const genders: Readonly<Record<string, string>> = { M: 'Male', F: 'Female', U: 'Unknown' };

/**
 * A practice with other spellings, all texts CP1252, and addresses in a table of their own: `Patients.AddressCode` points at
 * `Addresses.AddressCode`, and a household shares one address.
 */
export const addressTable: Dialect = {
  name: 'address-table',
  what: 'other spellings; addresses in a table of their own, joined by an address code and shared by a household',
  addressPlace: 'address-code',
  tables: {
    ...classic.tables,
    patients: table(
      'Patients',
      [
        ['patientCode', 'PatientCode', int],
        ['title', 'Title', varchar(15)],
        ['forename', 'FirstName', varchar(40)],
        ['middleName', 'MiddleNames', varchar(40)],
        ['surname', 'LastName', varchar(40)],
        ['knownAs', 'KnownAs', varchar(30)],
        ['sex', 'Gender', varchar(10), (value) => (typeof value === 'string' ? (genders[value] ?? value) : value)],
        ['dob', 'BirthDate', smalldatetime],
        ['addressCode', 'AddressCode', int],
        ['homePhone', 'Phone', varchar(40)],
        ['workPhone', 'PhoneWork', varchar(40)],
        ['mobilePhone', 'PhoneMobile', varchar(40)],
        ['email', 'Email', varchar(120)],
        ['nhsNumber', 'NHSNo', char(14)],
        ['dentistCode', 'ProviderCode', int],
        ['hygienistCode', 'HygienistCode', int],
        ['doctorCode', 'GPCode', int],
        ['familyHead', 'FamilyCode', int],
        ['maritalStatus', 'Marital', char(1)],
        ['occupation', 'Occupation', varchar(40)],
        ['registered', 'RegisteredOn', datetime],
        ['lastVisit', 'LastSeen', datetime],
        ['recallDate', 'NextRecall', datetime],
        ['archived', 'IsArchived', bit],
        ['smsConsent', 'TextReminders', bit],
        ['emailConsent', 'EmailReminders', bit],
        ['creditLimit', 'CreditLimit', decimal(10, 2)],
        ['discount', 'DiscountPercent', smallint],
        ['notes', 'Comments', text],
        ['lastUpdated', 'ChangedOn', datetime],
      ],
      { key: ['patientCode'], indexes: [['surname', 'forename'], ['addressCode']] },
    ),
    addresses: table(
      'Addresses',
      [
        ['addressCode', 'AddressCode', int],
        ['line1', 'Street', varchar(60)],
        ['line2', 'Street2', varchar(60)],
        ['line3', 'Locality', varchar(60)],
        ['town', 'City', varchar(40)],
        ['county', 'County', varchar(40)],
        ['postcode', 'PostalCode', varchar(10)],
      ],
      { key: ['addressCode'] },
    ),
    completedQuestionnaires: table(
      'CompletedQuestionnaire',
      [
        ['completedId', 'CQCode', int],
        ['patientCode', 'PatientCode', int],
        ['completedAt', 'DateTime', datetime],
        ['notes', 'Notes', varchar(2000)],
      ],
      { key: ['completedId'], indexes: [['patientCode']] },
    ),
    questions: table(
      'Questions',
      [
        ['questionId', 'QuestionCode', int],
        ['section', 'Heading', varchar(40)],
        ['text', 'QuestionText', varchar(300)],
        ['position', 'Sequence', int],
        ['current', 'InUse', bit],
      ],
      { key: ['questionId'] },
    ),
    presetAnswers: table(
      'AnswerOptions',
      [
        ['presetId', 'OptionCode', int],
        ['text', 'OptionText', varchar(80)],
        ['position', 'Sequence', int],
      ],
      { key: ['presetId'] },
    ),
    givenAnswers: table(
      'CompletedQuestionnaireAnswers',
      [
        ['answerId', 'CQAnswerCode', int],
        ['completedId', 'CQCode', int],
        ['questionId', 'QuestionCode', int],
        // Zero stands for "none of the options".
        ['presetId', 'OptionCode', int, (value) => value ?? 0],
        ['ownWords', 'FreeText', varchar(1000)],
      ],
      { key: ['answerId'], indexes: [['completedId']] },
    ),
    medicalAlerts: table(
      'PatientAlerts',
      [
        ['alertId', 'AlertCode', int],
        ['patientCode', 'PatientCode', int],
        ['text', 'AlertText', varchar(120)],
        ['createdAt', 'AddedOn', datetime],
        ['active', 'IsActive', bit],
      ],
      { key: ['alertId'], indexes: [['patientCode']] },
    ),
    users: table(
      'Users',
      [
        ['userCode', 'UserCode', int],
        ['fullName', 'FullName', varchar(80)],
        ['title', 'Title', varchar(15)],
        ['forename', 'FirstName', varchar(40)],
        ['surname', 'LastName', varchar(40)],
        ['initials', 'Initials', varchar(5)],
        ['current', 'Current', bit],
      ],
      { key: ['userCode'] },
    ),
  },
};
