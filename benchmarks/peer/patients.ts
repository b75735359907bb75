/** How the peer's programs read and map patients. */

/** The columns that the peer sends. */
export const patientColumns = `PatientCode, Title, Forename, Surname, PreferredName, Sex, DOB, NHSNumber, EMail, MobileNo, HomeTel, WorkTel, Archived,
     Address1, Address2, Address3, Town, County, PostCode`;

/** A row of R4's patients. */
export interface PatientRow {
  PatientCode: number;
  Title: string | null;
  Forename: string | null;
  Surname: string | null;
  PreferredName: string | null;
  Sex: string | null;
  DOB: Date | null;
  NHSNumber: string | null;
  EMail: string | null;
  MobileNo: string | null;
  HomeTel: string | null;
  WorkTel: string | null;
  Archived: boolean | null;
  Address1: string | null;
  Address2: string | null;
  Address3: string | null;
  Town: string | null;
  County: string | null;
  PostCode: string | null;
}

/** Trimmed; undefined for nothing. */
export const text = (value: string | null): string | undefined => value?.trim() || undefined;

/** A patient's basics. */
export const patientOf = (row: PatientRow): object => ({
  patientCode: row.PatientCode,
  title: text(row.Title),
  forename: text(row.Forename),
  surname: text(row.Surname),
  knownAs: text(row.PreferredName),
  sex: { M: 'male', F: 'female' }[row.Sex?.trim().toUpperCase() ?? ''] ?? undefined,
  dateOfBirth: row.DOB?.toISOString().slice(0, 10),
  nhsNumber: text(row.NHSNumber)?.replaceAll(/[\s-]/g, ''),
  emails: [text(row.EMail)].filter((email) => email !== undefined),
  phones: [
    { kind: 'mobile', number: text(row.MobileNo) },
    { kind: 'home', number: text(row.HomeTel) },
    { kind: 'work', number: text(row.WorkTel) },
  ].filter(({ number }) => number !== undefined),
  addressLines: [row.Address1, row.Address2, row.Address3, row.Town, row.County]
    .map(text)
    .filter((line) => line !== undefined),
  postcode: text(row.PostCode)?.toUpperCase(),
  archived: row.Archived ?? undefined,
});
