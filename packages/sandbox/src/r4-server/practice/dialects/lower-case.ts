import type { SqlType, SqlTypeName } from '../../engine.ts';
import type { Dialect, DialectColumn, DialectTable } from '../dialect.ts';
import { table } from '../dialect.ts';
import type { LogicalTableName } from '../logical.ts';
import { bigint, char, date, datetime, float, int, ntext, nvarchar, smalldatetime } from '../types.ts';
import { classic } from './classic.ts';

/** A practice that was moved to Unicode has other types for the same things. */
const otherTypes: Partial<Record<SqlTypeName, (type: SqlType) => SqlType>> = {
  varchar: (type) => (type.length === -1 ? ntext : { ...type, name: 'nvarchar' }),
  text: () => ntext,
  bit: () => int,
  tinyint: () => int,
  smallint: () => int,
  money: () => float,
};

// Logical amounts count ten-thousandths; a float column holds pounds.
const pounds: DialectColumn<LogicalTableName>['spell'] = (value) =>
  typeof value === 'number' ? value / 10_000 : value;

const lower = <T extends LogicalTableName>(source: DialectTable<T>): DialectTable<T> => ({
  ...source,
  name: source.name.toLowerCase(),
  columns: source.columns.map((column) => ({
    ...column,
    name: column.name.toLowerCase(),
    type: otherTypes[column.type.name]?.(column.type) ?? column.type,
    ...(column.type.name === 'money' ? { spell: pounds } : {}),
  })),
});

const lowered: Dialect['tables'] = Object.fromEntries(
  Object.entries(classic.tables).map(([name, source]) => [name, lower(source as DialectTable<LogicalTableName>)]),
);

/**
 * A practice whose database is lower-case throughout: Unicode texts, padded char columns, whole numbers for flags, a date
 * for the date of birth, and addresses in a table joined by the patient's code.
 */
export const lowerCase: Dialect = {
  name: 'lower-case',
  what: 'lower-case names, other types; addresses in a table joined by the patient’s code',
  addressPlace: 'patient-code',
  tables: {
    ...lowered,
    patients: table(
      'patients',
      [
        ['patientCode', 'patientcode', int],
        ['title', 'title', char(10)],
        ['forename', 'forename', nvarchar(50)],
        ['middleName', 'middlename', nvarchar(50)],
        ['surname', 'surname', nvarchar(50)],
        ['knownAs', 'knownas', nvarchar(50)],
        ['sex', 'sex', char(2)],
        ['dob', 'dateofbirth', date],
        ['homePhone', 'telephone', nvarchar(40)],
        ['workPhone', 'worktelephone', nvarchar(40)],
        ['mobilePhone', 'mobile', nvarchar(40)],
        ['email', 'email', nvarchar(120)],
        ['nhsNumber', 'nhsnumber', char(16)],
        ['dentistCode', 'dentist', int],
        ['hygienistCode', 'hygienist', int],
        ['doctorCode', 'doctor', int],
        ['familyHead', 'familyhead', int],
        ['maritalStatus', 'maritalstatus', char(2)],
        ['occupation', 'occupation', nvarchar(40)],
        ['registered', 'registered', smalldatetime],
        ['lastVisit', 'lastvisit', smalldatetime],
        ['recallDate', 'recall', smalldatetime],
        ['archived', 'archived', int],
        ['smsConsent', 'sms', int],
        ['emailConsent', 'emailok', int],
        ['creditLimit', 'creditlimit', float, pounds],
        ['discount', 'discount', int],
        ['notes', 'notes', ntext],
        ['lastUpdated', 'updated', datetime],
      ],
      { key: ['patientCode'], indexes: [['surname', 'forename']] },
    ),
    addresses: table(
      'addresses',
      [
        ['patientCode', 'patientcode', int],
        ['line1', 'address1', nvarchar(80)],
        ['line2', 'address2', nvarchar(80)],
        ['line3', 'address3', nvarchar(80)],
        ['town', 'address4', nvarchar(80)],
        ['county', 'address5', nvarchar(80)],
        ['postcode', 'postcode', char(12)],
      ],
      { key: ['patientCode'] },
    ),
    completedQuestionnaires: table(
      'completedquestionnaire',
      [
        ['completedId', 'id', bigint],
        ['patientCode', 'patientcode', int],
        ['completedAt', 'datetime', datetime],
        ['notes', 'notes', ntext],
      ],
      { key: ['completedId'], indexes: [['patientCode']] },
    ),
    questions: table(
      'question',
      [
        ['questionId', 'id', int],
        ['section', 'category', nvarchar(40)],
        ['text', 'question', nvarchar(400)],
        ['position', 'ordinal', int],
        ['current', 'active', int],
      ],
      { key: ['questionId'] },
    ),
    presetAnswers: table(
      'presetanswer',
      [
        ['presetId', 'id', int],
        ['text', 'answer', char(40)],
        ['position', 'ordinal', int],
      ],
      { key: ['presetId'] },
    ),
    givenAnswers: table(
      'givenanswer',
      [
        ['answerId', 'id', bigint],
        ['completedId', 'completedquestionnaireid', bigint],
        ['questionId', 'questionid', int],
        ['presetId', 'presetanswerid', int],
        ['ownWords', 'freetext', ntext],
      ],
      { key: ['answerId'], indexes: [['completedId']] },
    ),
    medicalAlerts: table(
      'medicalalert',
      [
        ['alertId', 'id', int],
        ['patientCode', 'patientcode', int],
        ['text', 'alert', nvarchar(200)],
        ['createdAt', 'created', smalldatetime],
        ['active', 'active', int],
      ],
      { key: ['alertId'], indexes: [['patientCode']] },
    ),
  },
};
