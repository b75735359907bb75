import type { AlertFlag, AlertRow, AnswerRow, BasicsRow, Cell, QuestionnaireRow } from '../records/index.ts';
import { medicalFlags, type MedicalFlag } from './medical-flags.ts';
import { addressLineFields } from './schema-map.ts';
import type { Selected, Statements } from './statements.ts';

/** Turns a row of values into a basics row. The places of the fields are looked up once. */
export interface BasicsReader {
  read(values: readonly Cell[], addresses: number): BasicsRow;
  /** Whether two rows of one code differ in their addresses alone. */
  isSamePerson(one: readonly Cell[], other: readonly Cell[]): boolean;
  /** Whether the address of the one comes before that of the other: by its key, or else by what it says. */
  isAddressBefore(one: readonly Cell[], other: readonly Cell[]): boolean;
}

const nothing: readonly Cell[] = Object.freeze([]);

/** Creates the reader of rows with these columns. */
export function createBasicsReader(columns: readonly Selected[]): BasicsReader {
  const placesOf = (...fields: readonly string[]): number[] =>
    fields.flatMap((field) => columns.flatMap((column, index) => (column.field === field ? [index] : [])));
  const placeOf = (field: string): number => placesOf(field)[0] ?? -1;
  const several = (places: readonly number[]): ((values: readonly Cell[]) => readonly Cell[]) => {
    const [only] = places;
    if (only === undefined) return () => nothing;
    // Most of these are empty at most patients.
    if (places.length === 1) return (values) => (values[only] === null ? nothing : [values[only]]);
    return (values) => places.map((place) => values[place]);
  };
  const one = (values: readonly Cell[], place: number): Cell => (place < 0 ? null : values[place]);

  const title = placeOf('title');
  const forename = placeOf('forename');
  const surname = placeOf('surname');
  const knownAs = placeOf('knownAs');
  const sex = placeOf('sex');
  const dateOfBirth = placeOf('dateOfBirth');
  const nhsNumber = placeOf('nhsNumber');
  const postcode = placeOf('postcode');
  const archived = placeOf('archived');
  const status = placeOf('status');
  const active = placeOf('active');
  const deceased = placeOf('deceased');
  const diedOn = placeOf('diedOn');
  const placesApart = columns.flatMap(({ field, ofAddress }, index) =>
    ofAddress === true ? [{ index, isKey: field === 'addressKey' }] : [],
  );
  const apartInOrder = placesApart
    .toSorted((a, b) => Number(b.isKey) - Number(a.isKey) || a.index - b.index)
    .map(({ index }) => index);
  const placesOwn = columns.flatMap(({ ofAddress }, index) => (ofAddress === true ? [] : [index]));
  const emails = several(placesOf('email'));
  const mobilePhones = several(placesOf('mobilePhone'));
  const homePhones = several(placesOf('homePhone'));
  const workPhones = several(placesOf('workPhone'));
  const otherPhones = several(placesOf('otherPhone'));
  const addressLines = several(placesOf(...addressLineFields));

  return {
    isSamePerson: (row, other) => placesOwn.every((place) => isSame(row[place], other[place])),
    isAddressBefore(row, other) {
      const place = apartInOrder.find((each) => !isSame(row[each], other[each]));
      return place !== undefined && isLess(row[place], other[place]);
    },
    read: (values, addresses) => ({
      patientCode: values[0],
      title: one(values, title),
      forename: one(values, forename),
      surname: one(values, surname),
      knownAs: one(values, knownAs),
      sex: one(values, sex),
      dateOfBirth: one(values, dateOfBirth),
      nhsNumber: one(values, nhsNumber),
      emails: emails(values),
      mobilePhones: mobilePhones(values),
      homePhones: homePhones(values),
      workPhones: workPhones(values),
      otherPhones: otherPhones(values),
      addressLines: addressLines(values),
      postcode: one(values, postcode),
      archived: one(values, archived),
      status: one(values, status),
      active: one(values, active),
      deceased: one(values, deceased),
      diedOn: one(values, diedOn),
      addresses,
    }),
  };
}

const isSame = (one: Cell, other: Cell): boolean =>
  one === other ||
  (one instanceof Date && other instanceof Date && one.getTime() === other.getTime()) ||
  (one instanceof Uint8Array && other instanceof Uint8Array && Buffer.compare(one, other) === 0);

function isLess(one: Cell, other: Cell): boolean {
  if (typeof one === 'number' && typeof other === 'number') return one < other;
  return String(one) < String(other);
}

/** In the order of the statement's columns. */
export const alertOf = ([text, recordedAt, active]: readonly Cell[]): AlertRow => ({ text, recordedAt, active });
export const questionnaireOf = ([id, completedAt, name, notes]: readonly Cell[]): QuestionnaireRow => ({
  id,
  completedAt,
  name,
  notes,
});
export const answerOf = ([completedId, questionId, question, preset, ownWords, own]: readonly Cell[]): AnswerRow => ({
  completedId,
  questionId,
  question: question ?? own,
  preset,
  ownWords,
});

/** Medical alerts that are kept as columns: on the patient's own row, and on the rows of the medical histories, oldest first. */
export function flagAlertsOf(
  columns: Statements['flags'],
  rows: { readonly patient: readonly (readonly Cell[])[]; readonly history: readonly (readonly Cell[])[] },
): AlertRow[] {
  const alerts: AlertRow[] = [];
  const add = (
    each: readonly Selected[],
    values: readonly Cell[],
    { recordedAt, row }: { readonly recordedAt: Cell; readonly row: AlertFlag['row'] },
  ): void => {
    for (const [index, { field }] of each.entries())
      alerts.push({
        text: values[index],
        recordedAt,
        active: null,
        flag: { words: medicalFlags[field as MedicalFlag].flag ?? field, row },
      });
  };
  // Where R4's number is not unique, the first row is the patient, as in the basics.
  const [own] = rows.patient;
  if (own !== undefined) add(columns.patient, own, { recordedAt: null, row: 'only' });
  const newest = rows.history.at(-1)?.[0];
  const dated = newest !== null && newest !== undefined;
  const isNewest = ([time]: readonly Cell[]): boolean => !dated || isSame(time, newest);
  const newestRows = rows.history.filter(isNewest).length;
  for (const values of rows.history) {
    const [recordedAt, ...flags] = values;
    const row = rows.history.length === 1 ? 'only' : newestRows > 1 ? 'one-of-several' : 'newest';
    add(columns.history, flags, { recordedAt, row: isNewest(values) ? row : 'older' });
  }
  return alerts;
}
