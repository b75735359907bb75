import type { EntityExplanation, FieldExplanation, PartState, SchemaExplanation } from '../practice/index.ts';
import type { Overrides } from './run-schema.ts';

const stateWords: Readonly<Record<Exclude<PartState, 'found'>, string>> = {
  missing: 'not found',
  ambiguous: 'several are equally good, none is taken',
  type: 'the name fits, the type does not',
  denied: 'may not be read',
  unused: 'there, but not read',
  elsewhere: 'stands with the addresses',
};
const needWords = { required: 'required', usual: 'usually there', rare: 'rarely there' } as const;
const placeWords = {
  patient: 'on the patients’ table',
  'address-code': 'in a table of their own, by the address’s code',
  'patient-code': 'in a table of their own, by the patient’s code',
  none: 'nowhere',
} as const;
const linkWords = {
  id: 'by the questionnaire’s row id',
  'patient-and-time': 'by the patient and the time of the questionnaire',
  none: 'not read',
} as const;
const candidatesMost = 8;

/** What a practice's database looks like to us, for a person. */
export function schemaPage(explanation: SchemaExplanation, { code }: Overrides): string {
  const { failure, addressPlace, answerLink, fingerprint, isolation, product } = explanation;
  const head = [
    failure === null ? 'R4’s patients can be read.' : `R4’s patients cannot be read: ${failure.code}.`,
    ...(failure === null ? [] : Object.entries(failure.details).map(([name, value]) => `  ${name}: ${String(value)}`)),
    ...(product === null
      ? []
      : [`SQL Server ${product}, read ${isolation === 'read-committed' ? 'by snapshot' : 'without locks'}`]),
    ...(addressPlace === null ? [] : [`addresses: ${placeWords[addressPlace]}`]),
    ...(answerLink === null ? [] : [`given answers: ${linkWords[answerLink]}`]),
    ...(fingerprint === null ? [] : [`fingerprint: ${fingerprint}`]),
    ...(code === null ? [] : [`what Flynotes replaces is not known at the moment (${code})`]),
  ];
  const tail = [
    listed('no index begins with the column by which it is read', explanation.unindexed),
    listed('missing in full records', explanation.unavailable),
    listed('overrides that cannot be used', explanation.refusedOverrides),
    listed('warnings', explanation.warnings),
  ].filter((line) => line !== '');
  const blocks = explanation.entities.map(blockOf);
  return `${readable([head.join('\n'), ...blocks, tail.join('\n')].filter((part) => part !== '').join('\n\n'))}\n`;
}

const listed = (what: string, names: readonly string[]): string =>
  names.length === 0 ? '' : `${what}: ${names.join(', ')}`;

function blockOf({ entity, need, state, table, kind, considered, lookedFor, fields }: EntityExplanation): string {
  const head =
    state === 'found'
      ? `${entity}: ${table} (${kind})`
      : `${entity}: ${stateWords[state]} (${needWords[need]}); looked for ${shortened(lookedFor)}`;
  // That none of many rare columns is there needs one line.
  const isAbsentFlag = (each: FieldExplanation): boolean => each.flag !== undefined && each.state === 'missing';
  const shown = fields.filter((each) => !isAbsentFlag(each) || each.considered.length > 0);
  const absent = fields.length - shown.length;
  const width = Math.max(...shown.map(({ field }) => field.length), 0);
  return [
    head,
    ...considered.map((each) => `  not ${each.table}: ${each.why}`),
    ...shown.map((field) => `  ${field.field.padEnd(width)}  ${fieldOf(field)}`),
    ...(absent === 0 ? [] : [`  and ${absent} columns for medical alerts: not found (rarely there)`]),
  ].join('\n');
}

function fieldOf({ state, need, from, considered, lookedFor }: FieldExplanation): string {
  const beside = considered.length === 0 ? '' : `; not ${considered.join(', ')}`;
  if (state === 'found') return from.join(' + ') + beside;
  if (state === 'elsewhere') return `– ${stateWords[state]}${beside}`;
  const sought = considered.length > 0 ? '' : `; looked for ${shortened(lookedFor)}`;
  return `– ${stateWords[state]} (${needWords[need]})${beside}${sought}`;
}

function shortened(names: readonly string[]): string {
  const more = names.length - candidatesMost;
  return names.slice(0, candidatesMost).join(', ') + (more > 0 ? ` and ${more} more` : '');
}

/** Names of tables are somebody else's: nothing in them may move a cursor. */
const readable = (text: string): string =>
  text.replace(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e]/g, '\ufffd');
