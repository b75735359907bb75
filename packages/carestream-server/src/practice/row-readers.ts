import type {
  AlertFlag,
  AlertRow,
  AnswerRow,
  BasicsLayout,
  BasicsRow,
  Cell,
  QuestionnaireRow,
} from '../records/index.ts';
import { medicalFlags, type MedicalFlag } from './medical-flags.ts';
import { addressLineFields } from './schema-map.ts';
import type { Selected, Statements } from './statements.ts';

/** Turns a row of values into a basics row. The places of the fields are looked up once. */
export interface BasicsReader {
  readonly layout: BasicsLayout;
  read(values: readonly Cell[], addresses: number): BasicsRow;
  /** Whether two rows of one code differ in their addresses alone. */
  isSamePerson(one: readonly Cell[], other: readonly Cell[]): boolean;
  /** Whether the address of the one comes before that of the other: by its key, or else by what it says. */
  isAddressBefore(one: readonly Cell[], other: readonly Cell[]): boolean;
}

const nothing: readonly Cell[] = Object.freeze([]);

/** Where the fields of a basics row stand among these columns. */
export function layoutOf(columns: readonly Selected[]): BasicsLayout {
  const all = (...fields: readonly string[]): number[] =>
    fields.flatMap((field) => columns.flatMap((column, index) => (column.field === field ? [index] : [])));
  const first = (field: string): number => all(field)[0] ?? -1;
  return {
    title: first('title'),
    forename: first('forename'),
    surname: first('surname'),
    knownAs: first('knownAs'),
    sex: first('sex'),
    dateOfBirth: first('dateOfBirth'),
    nhsNumber: first('nhsNumber'),
    emails: all('email'),
    mobilePhones: all('mobilePhone'),
    homePhones: all('homePhone'),
    workPhones: all('workPhone'),
    otherPhones: all('otherPhone'),
    addressLines: all(...addressLineFields),
    postcode: first('postcode'),
    archived: first('archived'),
    status: first('status'),
    active: first('active'),
    deceased: first('deceased'),
    diedOn: first('diedOn'),
  };
}

/** Creates the reader of rows with these columns. */
export function createBasicsReader(columns: readonly Selected[]): BasicsReader {
  const layout = layoutOf(columns);
  const several = (places: readonly number[]): ((values: readonly Cell[]) => readonly Cell[]) => {
    const [only] = places;
    if (only === undefined) return () => nothing;
    // Most of these are empty at most patients.
    if (places.length === 1) return (values) => (values[only] === null ? nothing : [values[only]]);
    return (values) => places.map((place) => values[place]);
  };
  const one = (values: readonly Cell[], place: number): Cell => (place < 0 ? null : values[place]);
  const placesApart = columns.flatMap(({ field, ofAddress }, index) =>
    ofAddress === true ? [{ index, isKey: field === 'addressKey' }] : [],
  );
  const apartInOrder = placesApart
    .toSorted((a, b) => Number(b.isKey) - Number(a.isKey) || a.index - b.index)
    .map(({ index }) => index);
  const placesOwn = columns.flatMap(({ ofAddress }, index) => (ofAddress === true ? [] : [index]));
  const emails = several(layout.emails);
  const mobilePhones = several(layout.mobilePhones);
  const homePhones = several(layout.homePhones);
  const workPhones = several(layout.workPhones);
  const otherPhones = several(layout.otherPhones);
  const addressLines = several(layout.addressLines);

  return {
    layout,
    isSamePerson: (row, other) => placesOwn.every((place) => isSame(row[place], other[place])),
    isAddressBefore(row, other) {
      const place = apartInOrder.find((each) => !isSame(row[each], other[each]));
      return place !== undefined && isLess(row[place], other[place]);
    },
    read: (values, addresses) => ({
      patientCode: values[0],
      title: one(values, layout.title),
      forename: one(values, layout.forename),
      surname: one(values, layout.surname),
      knownAs: one(values, layout.knownAs),
      sex: one(values, layout.sex),
      dateOfBirth: one(values, layout.dateOfBirth),
      nhsNumber: one(values, layout.nhsNumber),
      emails: emails(values),
      mobilePhones: mobilePhones(values),
      homePhones: homePhones(values),
      workPhones: workPhones(values),
      otherPhones: otherPhones(values),
      addressLines: addressLines(values),
      postcode: one(values, layout.postcode),
      archived: one(values, layout.archived),
      status: one(values, layout.status),
      active: one(values, layout.active),
      deceased: one(values, layout.deceased),
      diedOn: one(values, layout.diedOn),
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
