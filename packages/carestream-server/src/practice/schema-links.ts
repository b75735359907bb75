import type { Notes } from './entity-resolver.ts';
import type { EntityMap, FieldMap, TypeFamily } from './field-map.ts';
import { foldName } from './identifiers.ts';
import type { AddressPlace, AnswerLink, ConsideredTable, ResolvedEntity, ResolvedSchema } from './resolved-schema.ts';
import { addressLineFields, type EntityName } from './schema-map.ts';
import { familyOf, joinable } from './type-family.ts';

/** Entities as they are found; what cannot be joined is taken out again. */
export type FoundEntities = { [Entity in EntityName]?: ResolvedEntity };

export const has = (entity: ResolvedEntity | undefined, field: string): boolean =>
  (entity?.columns[field]?.length ?? 0) > 0;

const familyOfField = (entity: ResolvedEntity | undefined, field: string): TypeFamily | undefined =>
  familyOf(entity?.columns[field]?.[0]?.type ?? '');

/** The field by which a table hangs on its patients: R4's number, or the key of a newer database. */
export function patientLinkOf(
  { patient }: ResolvedSchema['entities'],
  entity: ResolvedEntity | undefined,
): 'patientCode' | 'patientKey' | undefined {
  if (has(entity, 'patientCode')) return 'patientCode';
  return joinable(familyOfField(patient, 'patientKey'), familyOfField(entity, 'patientKey')) ? 'patientKey' : undefined;
}

/** Answers may point at the other tables by whatever name those give their own keys. */
export function pointingAt(found: ResolvedSchema['entities'], map: EntityMap): EntityMap {
  const fields: Record<string, FieldMap> = { ...map.fields };
  const pointers = { completedId: 'completedQuestionnaire', questionId: 'question', presetId: 'presetAnswer' } as const;
  for (const [field, entity] of Object.entries(pointers)) {
    const own = fields[field];
    const name = found[entity]?.columns['id']?.[0]?.name;
    // A name such as `ID` says nothing of what it points at.
    if (own !== undefined && name !== undefined && foldName(name).length > 4)
      fields[field] = { ...own, ranks: [...own.ranks, [name]] };
  }
  return { ...map, fields };
}

/** Where addresses are, for certain. */
export function placeOfAddress(found: FoundEntities, considered: ConsideredTable[]): AddressPlace {
  const { patient, address } = found;
  if (patient === undefined) return 'none';
  const place = placeOf(patient, address, found);
  if (address !== undefined && place !== 'address-code' && place !== 'patient-code') {
    const why = place === 'patient' ? `${patient.table} holds addresses itself` : 'nothing joins it to the patients';
    considered.push({ entity: 'address', table: address.table, why });
    delete found.address;
  }
  return place;
}

function placeOf(patient: ResolvedEntity, address: ResolvedEntity | undefined, found: FoundEntities): AddressPlace {
  if (has(patient, 'line1')) return 'patient';
  const useful = addressLineFields.some((field) => has(address, field)) || has(address, 'postcode');
  if (useful && joinable(familyOfField(patient, 'addressCode'), familyOfField(address, 'addressCode')))
    return 'address-code';
  if (useful && patientLinkOf(found, address) !== undefined) return 'patient-code';
  return addressLineFields.some((field) => has(patient, field)) || has(patient, 'postcode') ? 'patient' : 'none';
}

/** Takes an entity out again, and says so wherever it is asked after. */
function takeOut(
  found: FoundEntities,
  notes: Notes,
  { entity, why }: { readonly entity: EntityName; readonly why: string },
): void {
  const own = found[entity];
  if (own === undefined) return;
  const { table } = own;
  notes.loose.push(own);
  notes.considered.push({ entity, table, why });
  // Without the table, what it lacks is of no interest.
  for (let at = notes.missing.length - 1; at >= 0; at -= 1)
    if (notes.missing[at]?.entity === entity) notes.missing.splice(at, 1);
  notes.missing.push({ entity, reason: 'missing', candidates: [`${table} (${why})`] });
  delete found[entity];
}

/** Takes out what no key of the patients joins to them. */
export function unlinkLoose(found: FoundEntities, notes: Notes): void {
  for (const entity of ['completedQuestionnaire', 'medicalAlert', 'medicalHistory'] as const)
    if (found[entity] !== undefined && patientLinkOf(found, found[entity]) === undefined)
      takeOut(found, notes, { entity, why: 'nothing joins it to the patients' });
}

/** Answers that cannot be joined to their questionnaires or questions are no use to anybody. */
export function linkAnswers(found: FoundEntities, notes: Notes): AnswerLink {
  const { givenAnswer: given, question, presetAnswer: preset } = found;
  const link = answerLinkOf(found);
  const asked =
    joinable(familyOfField(question, 'id'), familyOfField(given, 'questionId')) || has(given, 'questionText');
  if (given !== undefined && (link === 'none' || !asked)) {
    const to = link === 'none' ? 'the completed questionnaires' : 'the questions';
    takeOut(found, notes, { entity: 'givenAnswer', why: `nothing joins it to ${to}` });
  }
  // Without a given answer that points at them, nothing says that a table's texts are not what patients wrote: they go nowhere.
  const pointing = found.givenAnswer;
  if (preset !== undefined && !joinable(familyOfField(preset, 'id'), familyOfField(pointing, 'presetId'))) {
    const why = pointing === undefined ? 'no given answers point at it' : `${pointing.table} does not point at it`;
    takeOut(found, notes, { entity: 'presetAnswer', why });
  }
  return found.givenAnswer === undefined ? 'none' : link;
}

function answerLinkOf(found: FoundEntities): AnswerLink {
  const { completedQuestionnaire: completed, givenAnswer: given } = found;
  if (joinable(familyOfField(completed, 'id'), familyOfField(given, 'completedId'))) return 'id';
  const own = patientLinkOf(found, given);
  const byTime =
    own !== undefined &&
    patientLinkOf(found, completed) !== undefined &&
    familyOfField(completed, 'completedAt') === 'moment' &&
    familyOfField(given, 'completedAt') === 'moment';
  return byTime ? 'patient-and-time' : 'none';
}
