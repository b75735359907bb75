import type { BasicRecord, ErrorCode, PatientCode } from '../contract/index.ts';
import { addressLinesOf } from './address.ts';
import { emailsOf, phonesOf } from './contact.ts';
import { dateOfBirthOf } from './date-of-birth.ts';
import { activeWords, archivedByStatus, archivedWords, flagOf, sexOf } from './flags.ts';
import { namesOf } from './names.ts';
import { nhsNumberOf } from './nhs-number.ts';
import { postcodeOf } from './postcode.ts';
import { textOf } from './text.ts';
import { marksOf, note, type Applied, type RuleName } from './rules.ts';
import type { BasicsRow, Cell } from './rows.ts';

/** What mapping must know besides the row. */
export interface BasicsContext {
  /** The practice's own date, `yyyy-mm-dd`. */
  readonly today: string;
}

/** A row as a record of the contract, or why it cannot be one. `rules` counts in the pass's report. */
export type Mapped<Record> =
  | { readonly outcome: 'mapped'; readonly record: Record; readonly rules: readonly RuleName[] }
  | {
      readonly outcome: 'refused';
      readonly patientCode: number | null;
      readonly code: ErrorCode;
      readonly rules: readonly RuleName[];
    };

const statusLimits = { most: 100 };
const largestCode = 2_147_483_647;

/** R4's number of a patient out of whatever numeric type its column has; null where it is none that the contract allows. */
export function patientCodeOf(cell: Cell): PatientCode | null {
  let value = NaN;
  if (typeof cell === 'number') value = cell;
  else if (typeof cell === 'bigint' || (typeof cell === 'string' && /^\s*\d{1,10}\s*$/.test(cell)))
    value = Number(cell);
  return Number.isInteger(value) && value >= 1 && value <= largestCode ? (value as PatientCode) : null;
}

/** Maps one row of the patients' table. Pure, and never throws. */
export function mapBasics(row: BasicsRow, context: BasicsContext): Mapped<BasicRecord> {
  const applied: Applied = [];
  const patientCode = patientCodeOf(row.patientCode);
  if (patientCode === null)
    return { outcome: 'refused', patientCode: null, code: 'PATIENT_CODE_INVALID', rules: applied };
  const names = namesOf(row, applied);
  if (names.forename === undefined && names.surname === undefined) {
    return { outcome: 'refused', patientCode, code: 'NAME_MISSING', rules: applied };
  }
  const sex = sexOf(row.sex, applied);
  const birth = dateOfBirthOf(row.dateOfBirth, context.today, applied);
  const nhsNumber = nhsNumberOf(row.nhsNumber, applied);
  const emails = emailsOf(row.emails, applied);
  const phones = phonesOf(row, applied);
  const addressLines = addressLinesOf(row.addressLines, applied);
  const postcode = postcodeOf(row.postcode, applied);
  const archived = archivedOf(row, applied);
  const deceased = deceasedOf(row, applied);
  if (row.addresses > 1) note(applied, 'address-several');

  const record: BasicRecord = { patientCode };
  if (names.title !== undefined) record.title = names.title;
  if (names.forename !== undefined) record.forename = names.forename;
  if (names.surname !== undefined) record.surname = names.surname;
  if (names.knownAs !== undefined) record.knownAs = names.knownAs;
  if (sex.sex !== undefined) record.sex = sex.sex;
  if (sex.text !== undefined) record.sexText = sex.text;
  if (birth.date !== undefined) record.dateOfBirth = birth.date;
  if (birth.text !== undefined) record.dateOfBirthText = birth.text;
  if (nhsNumber !== undefined) record.nhsNumber = nhsNumber;
  if (emails !== undefined && emails.length > 0) record.emails = emails;
  if (phones !== undefined) record.phones = phones;
  if (addressLines !== undefined) record.addressLines = addressLines;
  if (postcode !== undefined) record.postcode = postcode;
  if (archived !== undefined) record.archived = archived;
  if (deceased !== undefined) record.deceased = deceased;
  const marks = marksOf(applied);
  if (marks !== undefined) record.marks = marks;
  return { outcome: 'mapped', record, rules: applied };
}

function archivedOf(row: BasicsRow, applied: Applied): boolean | undefined {
  let archived = flagOf(row.archived, applied, archivedWords);
  if (archived === undefined) {
    const active = flagOf(row.active, applied, activeWords);
    if (active !== undefined) archived = !active;
  }
  const byStatus = archivedByStatus(row.status);
  if (byStatus === undefined && textOf(row.status, statusLimits, applied) !== undefined) note(applied, 'status-other');
  archived ??= byStatus;
  if (archived === true) note(applied, 'archived');
  return archived;
}

function deceasedOf(row: BasicsRow, applied: Applied): boolean | undefined {
  let deceased = flagOf(row.deceased, applied);
  if (row.diedOn instanceof Date && !Number.isNaN(row.diedOn.getTime())) {
    if (row.diedOn.getUTCFullYear() > 1900) deceased = true;
    else note(applied, 'death-placeholder');
  } else if (row.diedOn !== null && row.diedOn !== undefined) note(applied, 'value-unreadable');
  if (deceased === true) note(applied, 'deceased');
  return deceased;
}
