/**
 * The dirt of real R4 data, each kind as a named rule with the share of rows that carry it. A reader of R4 must cope with
 * every one; tests ask by name which patients carry which.
 */
export interface DirtRule {
  readonly name: string;
  /** Share of the rows concerned, 0 to 1. */
  readonly rate: number;
  readonly what: string;
}

const rule = (name: string, rate: number, what: string): DirtRule => ({ name, rate, what });

/** Rules for patients and their addresses. The position is the bit in {@link LogicalPatient.dirt}. */
export const patientDirt = {
  titleInForename: rule(
    'title-in-forename',
    0.004,
    'The title stands in the forename ("Mrs Anne"), the title column is empty.',
  ),
  noSurname: rule('no-surname', 0.003, 'No surname: NULL, empty or a single space.'),
  trailingSpaces: rule('trailing-spaces', 0.015, 'Names end in spaces.'),
  upperCase: rule('upper-case', 0.03, 'The surname was typed in capitals.'),
  dobOleZero: rule('dob-1899-12-30', 0.004, 'Date of birth is the zero of OLE dates.'),
  dobSqlZero: rule('dob-1900-01-01', 0.008, "Date of birth is SQL Server's zero date."),
  dobFuture: rule('dob-future', 0.0006, 'Date of birth lies in the future.'),
  dobMissing: rule('dob-missing', 0.006, 'Date of birth is NULL.'),
  severalEmails: rule('several-emails', 0.006, 'Two addresses in the one e-mail field.'),
  noEmailInWords: rule('email-in-words', 0.004, 'The e-mail field says "none" or "no email".'),
  phoneWords: rule('phone-with-words', 0.02, 'A phone number with words around it, or words alone.'),
  curlyQuote: rule(
    'curly-quote',
    0.006,
    'A name or address with a typographic quote (CP1252 0x92) where an apostrophe belongs.',
  ),
  undefinedByte: rule('undefined-byte', 0.0003, 'An address line holds the byte 0x81, which CP1252 does not define.'),
  postcodeUnspaced: rule('postcode-unspaced', 0.12, 'Postcode without its space.'),
  postcodeLowerCase: rule('postcode-lower-case', 0.03, 'Postcode in small letters.'),
  postcodeWrong: rule('postcode-wrong', 0.005, 'No postcode at all in the postcode field ("TBC", a town).'),
  duplicate: rule('duplicate', 0.008, 'The same person entered a second time under another code.'),
  testPatient: rule('test-patient', 0.0004, 'A patient somebody made up for testing.'),
  addressGap: rule('address-gap', 0.04, 'Empty lines between full address lines.'),
  addressMissing: rule('address-missing', 0.015, 'No address at all.'),
  nhsCheckDigit: rule('nhs-check-digit', 0.007, 'An NHS number that fails its check digit.'),
  nhsSpaced: rule('nhs-spaced', 0.15, 'An NHS number written 3-3-4 with spaces.'),
  blankForNull: rule(
    'blank-for-null',
    0.5,
    'An absent text is an empty string or a space; in the other half of cases NULL.',
  ),
  welshName: rule('welsh-name', 0.012, 'Welsh names: ŵ and ŷ do not exist in CP1252.'),
  polishName: rule('polish-name', 0.015, 'Polish names: most of their letters do not exist in CP1252.'),
  greekName: rule('greek-name', 0.004, 'Greek names: a varchar keeps question marks of them.'),
  apostropheName: rule('apostrophe-name', 0.014, "Names such as O'Brien."),
  archived: rule('archived', 0.12, 'Archived: R4 keeps patients who left.'),
  noNameAtAll: rule('no-name-at-all', 0.0006, 'Neither surname nor forename: a record begun and left.'),
} as const;

/** Rules for the tables around the patients. */
export const recordDirt = {
  appointmentWithoutPatient: rule(
    'appointment-without-patient',
    0.017,
    'An appointment of nobody: lunch, meetings, blocked time.',
  ),
  impossibleTime: rule('impossible-time', 0.0002, 'A wall time that the clock change in March leaves out.'),
  ambiguousTime: rule('ambiguous-time', 0.0002, 'A wall time that the clock change in October shows twice.'),
  questionnaireNotes: rule(
    'questionnaire-notes',
    0.5,
    'A completed questionnaire with notes; the others hold NULL or an empty text.',
  ),
  noteQuotes: rule('note-quotes', 0.03, 'Notes with typographic quotes, dashes and accents of CP1252.'),
  noteUndefinedByte: rule('note-undefined-byte', 0.0005, 'Notes with a byte that CP1252 does not define.'),
} as const;

export type PatientDirt = keyof typeof patientDirt;

const names = Object.keys(patientDirt) as PatientDirt[];
const bits = Object.fromEntries(names.map((name, index) => [name, 2 ** index])) as Record<PatientDirt, number>;

/** The bit of a rule in a patient's `dirt`. */
export const dirtBit: Readonly<Record<PatientDirt, number>> = bits;

/** True where a patient carries that dirt. */
export const hasDirt = (patient: { readonly dirt: number }, name: PatientDirt): boolean =>
  (patient.dirt & bits[name]) !== 0;
