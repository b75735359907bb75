/**
 * What we look for in R4, as data: entities, the tables that may hold them, and the columns that may hold their fields.
 *
 * Names are compared without case, spaces, underscores and hyphens (`Post_Code` is `postcode`). Candidates stand in ranks:
 * the first rank of which anything exists decides. Two of one rank are equally good: then neither is taken, and that is said.
 */

/** What a column's type must be like. */
export type TypeFamily = 'whole' | 'number' | 'text' | 'moment' | 'guid';

/** A field: where it may be. */
export interface FieldMap {
  readonly ranks: readonly (readonly string[])[];
  readonly types: readonly TypeFamily[];
  /**
   * `required`: the entity is useless without it; `usual`: its absence is reported; `rare`: its absence means nothing.
   */
  readonly need: 'required' | 'usual' | 'rare';
  /** All of the columns are taken: a patient has several telephones. */
  readonly many?: boolean;
}

/** An entity: its tables and fields. */
export interface EntityMap {
  readonly tables: readonly (readonly string[])[];
  readonly need: 'required' | 'usual' | 'rare';
  /** A table with any of these columns holds something else, however well its name fits. */
  readonly unlike?: readonly string[];
  /** Of each group, one alternative must be there whole: a link by row id, or one by patient and time. */
  readonly oneOf?: readonly (readonly (readonly string[])[])[];
  readonly fields: Readonly<Record<string, FieldMap>>;
}

const key: readonly TypeFamily[] = ['whole', 'number', 'guid', 'text'];
const code: readonly TypeFamily[] = ['whole', 'number'];
const words: readonly TypeFamily[] = ['text'];
const flag: readonly TypeFamily[] = ['whole', 'number', 'text'];
const moment: readonly TypeFamily[] = ['moment', 'text'];

const field = (
  need: FieldMap['need'],
  types: readonly TypeFamily[],
  ...ranks: readonly (readonly string[])[]
): FieldMap => ({ ranks, types, need });
const fields = (
  need: FieldMap['need'],
  types: readonly TypeFamily[],
  ...ranks: readonly (readonly string[])[]
): FieldMap => ({ ranks, types, need, many: true });

const completedId = [
  'CompletedQuestionnaireID',
  'CompletedQuestionnaireCode',
  'CQID',
  'CQCode',
  'CompletedID',
  'CompletedCode',
  'CompletedQuestionnaire',
  'PatientQuestionnaireID',
  'ResponseID',
];
const patientCode = ['PatientCode', 'PatientID', 'PatientNo', 'PatientNumber', 'PatCode', 'PatID', 'PatientRef'];
/** Newer databases have keys of their own, and keep R4's number beside them. */
const r4Code = ['SourcePatientCode', 'R4PatientCode', 'LegacyPatientCode'];
const completedTimes: readonly (readonly string[])[] = [
  [
    'DateTime',
    'CompletedAt',
    'CompletedOn',
    'DateCompleted',
    'CompletedDate',
    'CompletionDate',
    'DateTimeCompleted',
    'CompletedDateTime',
  ],
  ['Date', 'DateCreated', 'CreatedOn', 'Created', 'CreatedDate', 'RecordedOn', 'EntryDate', 'TimeStamp'],
];

/** Fields of an address, on the patients' table or in a table of their own. */
const addressFields = {
  house: field('rare', words, ['HouseName', 'House', 'HouseNo', 'HouseNumber']),
  line1: field(
    'usual',
    words,
    ['Address1', 'Add1', 'Addr1', 'AddressLine1', 'AddrLine1', 'AddLine1', 'HomeAddress1'],
    ['Street', 'Street1', 'Line1', 'Address', 'StreetAddress'],
  ),
  line2: field(
    'rare',
    words,
    ['Address2', 'Add2', 'Addr2', 'AddressLine2', 'AddrLine2', 'AddLine2', 'HomeAddress2'],
    ['Street2', 'Line2'],
  ),
  line3: field(
    'rare',
    words,
    ['Address3', 'Add3', 'Addr3', 'AddressLine3', 'AddrLine3', 'AddLine3', 'HomeAddress3'],
    ['Street3', 'Line3', 'Locality', 'District'],
  ),
  line4: field(
    'rare',
    words,
    ['Address4', 'Add4', 'Addr4', 'AddressLine4', 'AddrLine4', 'AddLine4', 'HomeAddress4'],
    ['Line4'],
  ),
  line5: field(
    'rare',
    words,
    ['Address5', 'Add5', 'Addr5', 'AddressLine5', 'AddrLine5', 'AddLine5', 'HomeAddress5'],
    ['Line5'],
  ),
  town: field('rare', words, ['Town', 'City', 'TownCity', 'PostTown', 'TownOrCity']),
  county: field('rare', words, ['County', 'Region', 'State']),
  country: field('rare', words, ['Country']),
  postcode: field(
    'usual',
    words,
    ['Postcode', 'PostalCode', 'HomePostcode', 'AddressPostcode'],
    ['PCode', 'ZipCode', 'Zip'],
  ),
} as const satisfies Record<string, FieldMap>;

/** The schema map. */
export const schemaMap = {
  patient: {
    need: 'required',
    tables: [
      ['Patients'],
      ['Patient'],
      ['tblPatients', 'tblPatient', 'PatientDetails', 'PatientDetail'],
      ['vwPatients', 'vwPatient', 'vwPatientDetails'],
    ],
    fields: {
      patientCode: field('required', code, ['PatientCode'], patientCode.slice(1), r4Code, ['Code', 'ID']),
      title: field('usual', words, ['Title', 'PatientTitle', 'Salutation']),
      forename: field('required', words, [
        'Forename',
        'Forenames',
        'FirstName',
        'GivenName',
        'FirstNames',
        'GivenNames',
        'PatientForename',
      ]),
      surname: field('required', words, ['Surname', 'LastName', 'FamilyName', 'PatientSurname']),
      knownAs: field('rare', words, [
        'KnownAs',
        'PreferredName',
        'Nickname',
        'PreferredForename',
        'CallName',
        'AlsoKnownAs',
      ]),
      sex: field('usual', flag, ['Sex', 'Gender', 'PatientSex']),
      dateOfBirth: field('usual', moment, [
        'DOB',
        'DateOfBirth',
        'BirthDate',
        'Birthday',
        'DateBirth',
        'BirthDay',
        'PatientDOB',
      ]),
      nhsNumber: field('usual', key, [
        'NHSNumber',
        'NHSNo',
        'NHSNum',
        'NewNHSNo',
        'NewNHSNumber',
        'NationalHealthNumber',
      ]),
      email: fields('usual', words, [
        'EMail',
        'EMailAddress',
        'EmailAddr',
        'HomeEmail',
        'PersonalEmail',
        'EMail1',
        'EMailAddress1',
        'EMail2',
        'EMailAddress2',
        'WorkEmail',
      ]),
      mobilePhone: fields('usual', flag, [
        'MobileNo',
        'Mobile',
        'MobilePhone',
        'MobileNumber',
        'MobileTel',
        'MobileTelNo',
        'TelMobile',
        'PhoneMobile',
        'CellPhone',
        'Cell',
        'MobTel',
        'TelMob',
        'MobilePhoneNo',
        'MobilePhoneNumber',
        'MobileTelephone',
      ]),
      homePhone: fields(
        'usual',
        flag,
        [
          'HomePhone',
          'HomeTel',
          'TelHome',
          'PhoneHome',
          'HomeTelNo',
          'HomeTelephone',
          'HomePhoneNo',
          'HomeNo',
          'HomeNumber',
          'HomePhoneNumber',
          'TelephoneHome',
          'HTel',
        ],
        [
          'Phone',
          'Telephone',
          'Tel',
          'TelNo',
          'PhoneNo',
          'PhoneNumber',
          'TelephoneNo',
          'TelephoneNumber',
          'Phone1',
          'Tel1',
          'Telephone1',
        ],
      ),
      workPhone: fields('rare', flag, [
        'WorkPhone',
        'WorkTel',
        'TelWork',
        'PhoneWork',
        'WorkTelNo',
        'WorkTelephone',
        'WorkPhoneNo',
        'WorkNo',
        'WorkNumber',
        'WorkPhoneNumber',
        'TelephoneWork',
        'BusinessPhone',
        'WTel',
      ]),
      otherPhone: fields('rare', flag, [
        'OtherPhone',
        'OtherTel',
        'TelOther',
        'PhoneOther',
        'Phone2',
        'Phone3',
        'Tel2',
        'Tel3',
        'Telephone2',
        'Telephone3',
        'Phone',
        'Telephone',
        'Tel',
        'TelNo',
        'PhoneNo',
        'PhoneNumber',
        'Phone1',
        'Tel1',
        'Telephone1',
        'AltPhone',
        'AlternativePhone',
        'ContactPhone',
        'ContactNo',
        'ContactNumber',
      ]),
      archived: field('usual', flag, [
        'Archived',
        'IsArchived',
        'Archive',
        'PatientArchived',
        'ArchivedFlag',
        'Inactive',
        'IsInactive',
      ]),
      // Words alone: what a number in a status column means differs between practices.
      status: field('rare', words, ['PatientStatus', 'Status']),
      active: field('rare', flag, ['Active', 'IsActive', 'ActivePatient', 'PatientActive'], ['Current', 'IsCurrent']),
      deceased: field('rare', flag, ['Deceased', 'IsDeceased', 'Dead', 'PatientDeceased', 'DeceasedFlag']),
      diedOn: field('rare', ['moment'], ['DateOfDeath', 'DeathDate', 'DeceasedDate', 'DateDeceased', 'DOD']),
      addressCode: field('rare', key, [
        'AddressCode',
        'AddressID',
        'AddrCode',
        'AddressNo',
        'AddrID',
        'HomeAddressCode',
        'HomeAddressID',
        'AddressRef',
      ]),
      ...addressFields,
    },
  },
  address: {
    need: 'rare',
    tables: [
      [
        'Addresses',
        'Address',
        'PatientAddresses',
        'PatientAddress',
        'tblAddresses',
        'tblAddress',
        'PatientAddressDetails',
        'AddressDetails',
      ],
      ['vwPatientAddress', 'vwPatientAddresses', 'vwAddresses'],
    ],
    fields: {
      addressCode: field(
        'rare',
        key,
        ['AddressCode', 'AddrCode'],
        ['AddressID', 'AddressNo', 'AddrID', 'AddressRef'],
        ['Code', 'ID'],
      ),
      patientCode: field('rare', code, patientCode.slice(0, 1), patientCode.slice(1)),
      ...addressFields,
    },
  },
  completedQuestionnaire: {
    need: 'usual',
    tables: [
      ['CompletedQuestionnaire', 'CompletedQuestionnaires'],
      [
        'PatientQuestionnaire',
        'PatientQuestionnaires',
        'QuestionnaireCompleted',
        'CompletedMedicalHistory',
        'PatientMedicalHistory',
        'QuestionnaireResponses',
        'QuestionnaireResponse',
      ],
      ['vwCompletedQuestionnaire', 'vwCompletedQuestionnaires'],
    ],
    fields: {
      id: field(
        'rare',
        key,
        [
          'CompletedQuestionnaireID',
          'CompletedQuestionnaireCode',
          'CQID',
          'CQCode',
          'CompletedID',
          'CompletedCode',
          'PatientQuestionnaireID',
          'ResponseID',
        ],
        ['ID', 'RowID', 'Code', 'RecordID', 'RefID'],
      ),
      patientCode: field('required', code, patientCode.slice(0, 1), patientCode.slice(1)),
      completedAt: field('usual', moment, ...completedTimes),
      name: field(
        'rare',
        words,
        ['QuestionnaireName', 'Questionnaire', 'QuestionnaireTitle', 'FormName', 'Description'],
        ['Title', 'Name'],
      ),
      notes: field('usual', words, ['Notes', 'Note', 'NoteText', 'Comments', 'Comment', 'Remarks']),
    },
  },
  givenAnswer: {
    need: 'usual',
    oneOf: [
      [['completedId'], ['patientCode', 'completedAt']],
      [['questionId'], ['questionText']],
    ],
    tables: [
      [
        'CompletedQuestionnaireAnswers',
        'CompletedQuestionnaireAnswer',
        'GivenAnswers',
        'GivenAnswer',
        'QuestionnaireAnswers',
        'QuestionnaireAnswer',
        'PatientAnswers',
        'PatientAnswer',
        'PatientQuestionnaireAnswers',
        'PatientQuestionnaireAnswer',
        'CompletedAnswers',
        'CompletedAnswer',
        'QuestionnaireResponseAnswers',
        'CompletedQuestionnaireItems',
        'CompletedQuestionnaireDetails',
      ],
      ['Answers', 'Answer'],
    ],
    fields: {
      id: field(
        'rare',
        key,
        ['AnswerID', 'AnswerCode', 'GivenAnswerID', 'CQAnswerCode', 'CQAnswerID', 'PatientAnswerID'],
        ['ID', 'RowID', 'Code'],
      ),
      // Answers hang on their questionnaire by its row id, or else by the patient and the time.
      completedId: field('usual', key, completedId),
      patientCode: field('rare', code, patientCode.slice(0, 1), patientCode.slice(1)),
      completedAt: field('rare', moment, ...completedTimes),
      // They name their question by its key, or hold its words.
      questionText: field('rare', words, ['QuestionText', 'QuestionWording', 'QuestionDescription'], ['Question']),
      questionId: field(
        'usual',
        key,
        ['QuestionID', 'QuestionCode', 'QuestionNo', 'QuestionNumber', 'QuestID', 'QID', 'QuestionRef'],
        ['Question'],
      ),
      presetId: field('usual', key, [
        'PresetAnswerID',
        'PresetAnswerCode',
        'PresetID',
        'PresetCode',
        'OptionID',
        'OptionCode',
        'AnswerOptionID',
        'AnswerOptionCode',
        'ChoiceID',
        'ChoiceCode',
        'PossibleAnswerID',
      ]),
      ownWords: field(
        'usual',
        words,
        [
          'AnswerText',
          'FreeText',
          'OwnWords',
          'TextAnswer',
          'AnswerNotes',
          'AnswerNote',
          'FreeTextAnswer',
          'PatientText',
          'Details',
          'Detail',
        ],
        ['Answer', 'Text', 'Notes', 'Note', 'Comments', 'Comment', 'Value'],
      ),
    },
  },
  question: {
    need: 'usual',
    unlike: [...patientCode, ...completedId],
    tables: [
      [
        'QuestionnaireQuestions',
        'QuestionnaireQuestion',
        'Questions',
        'Question',
        'MedicalQuestions',
        'MedicalHistoryQuestions',
        'QuestionnaireItems',
        'QuestionnaireItem',
      ],
    ],
    fields: {
      id: field(
        'required',
        key,
        ['QuestionID', 'QuestionCode', 'QuestionNo', 'QuestID', 'QID'],
        ['ID', 'Code', 'RowID'],
      ),
      text: field(
        'required',
        words,
        ['QuestionText', 'Question', 'QuestionDescription', 'QuestionWording'],
        ['Text', 'Description', 'Wording', 'Caption'],
      ),
      position: field('rare', code, [
        'SortOrder',
        'Sequence',
        'Ordinal',
        'Position',
        'DisplayOrder',
        'OrderNo',
        'SeqNo',
        'Seq',
        'Sort',
        'QuestionOrder',
      ]),
    },
  },
  presetAnswer: {
    need: 'usual',
    // Whatever belongs to a patient may hold a patient's own words.
    unlike: [...patientCode, ...completedId],
    tables: [
      [
        'QuestionnairePresetAnswers',
        'QuestionnairePresetAnswer',
        'PresetAnswers',
        'PresetAnswer',
        'AnswerOptions',
        'AnswerOption',
        'QuestionOptions',
        'QuestionOption',
        'QuestionnaireOptions',
        'PossibleAnswers',
        'PossibleAnswer',
        'AnswerChoices',
        'QuestionChoices',
        'QuestionAnswers',
      ],
    ],
    fields: {
      id: field(
        'required',
        key,
        [
          'PresetAnswerID',
          'PresetAnswerCode',
          'PresetID',
          'PresetCode',
          'OptionID',
          'OptionCode',
          'AnswerOptionID',
          'AnswerOptionCode',
          'ChoiceID',
          'ChoiceCode',
          'PossibleAnswerID',
        ],
        ['AnswerID', 'AnswerCode'],
        ['ID', 'Code', 'RowID'],
      ),
      text: field(
        'required',
        words,
        [
          'AnswerText',
          'OptionText',
          'PresetText',
          'PresetAnswer',
          'PresetAnswerText',
          'ChoiceText',
          'Answer',
          'Option',
          'Choice',
        ],
        ['Text', 'Description', 'Caption'],
      ),
      questionId: field('rare', key, ['QuestionID', 'QuestionCode', 'QuestionNo', 'QuestID', 'QID']),
    },
  },
  medicalAlert: {
    need: 'usual',
    tables: [
      [
        'MedicalAlerts',
        'MedicalAlert',
        'PatientMedicalAlerts',
        'PatientMedicalAlert',
        'PatientAlerts',
        'PatientAlert',
        'MedAlerts',
        'MedicalWarnings',
        'MedicalWarning',
        'PatientWarnings',
      ],
      ['Alerts', 'Alert', 'vwMedicalAlerts', 'vwPatientAlerts'],
    ],
    fields: {
      id: field(
        'rare',
        key,
        ['AlertID', 'AlertCode', 'MedicalAlertID', 'MedicalAlertCode', 'PatientAlertID', 'WarningID'],
        ['ID', 'RowID', 'Code'],
      ),
      patientCode: field('required', code, patientCode.slice(0, 1), patientCode.slice(1)),
      text: field(
        'required',
        words,
        ['AlertText', 'Alert', 'MedicalAlert', 'AlertDescription', 'WarningText', 'Warning', 'AlertMessage'],
        ['Text', 'Description', 'Message', 'Notes', 'Note'],
      ),
      recordedAt: field(
        'rare',
        moment,
        [
          'DateCreated',
          'CreatedOn',
          'Created',
          'CreatedAt',
          'DateAdded',
          'AddedOn',
          'RecordedOn',
          'RecordedAt',
          'AlertDate',
          'DateRecorded',
          'CreatedDate',
          'EntryDate',
        ],
        ['DateTime', 'Date'],
      ),
      active: field('rare', flag, ['Active', 'IsActive', 'Current', 'IsCurrent', 'InForce', 'Enabled']),
    },
  },
} as const satisfies Record<string, EntityMap>;

/** The name of an entity. */
export type EntityName = keyof typeof schemaMap;
/** The name of a field of an entity. */
export type FieldName<Entity extends EntityName> = Extract<keyof (typeof schemaMap)[Entity]['fields'], string>;

/** Fields in the order in which an envelope shows them. */
export const addressLineFields = [
  'house',
  'line1',
  'line2',
  'line3',
  'line4',
  'line5',
  'town',
  'county',
  'country',
] as const;
