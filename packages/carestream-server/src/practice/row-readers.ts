import type { AlertRow, AnswerRow, BasicsRow, Cell, QuestionnaireRow } from '../records/index.ts';
import { addressLineFields } from './schema-map.ts';
import type { Selected } from './statements.ts';

/** Turns a row of values into a basics row. The places of the fields are looked up once. */
export interface BasicsReader {
  read(values: readonly Cell[], addresses: number): BasicsRow;
  /** The key of the separate address, null for none. */
  addressKey(values: readonly Cell[]): Cell;
}

const nothing: readonly Cell[] = Object.freeze([]);

/** Creates the reader of rows with these columns. */
export function createBasicsReader(columns: readonly Selected[]): BasicsReader {
  const placesOf = (...fields: readonly string[]): number[] =>
    fields.flatMap((field) => columns.flatMap((column, index) => (column.field === field ? [index] : [])));
  const placeOf = (field: string): number => placesOf(field)[0] ?? -1;
  const several = (places: readonly number[]): ((values: readonly Cell[]) => readonly Cell[]) => {
    if (places.length === 0) return () => nothing;
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
  const addressKey = placeOf('addressKey');
  const emails = several(placesOf('email'));
  const mobilePhones = several(placesOf('mobilePhone'));
  const homePhones = several(placesOf('homePhone'));
  const workPhones = several(placesOf('workPhone'));
  const otherPhones = several(placesOf('otherPhone'));
  const addressLines = several(placesOf(...addressLineFields));

  return {
    addressKey: (values) => one(values, addressKey),
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
