import type { FieldMap } from './field-map.ts';
import { medicalFlagNames } from './medical-flags.ts';
import type { AddressPlace, AnswerLink, MissingField, ResolvedSchema } from './resolved-schema.ts';
import { addressLineFields, schemaMap, type EntityName } from './schema-map.ts';
import { has, patientLinkOf } from './schema-links.ts';

const partNames: Partial<Record<EntityName, string>> = {
  medicalAlert: 'medical-alerts',
  completedQuestionnaire: 'questionnaires',
  givenAnswer: 'given-answers',
  question: 'questions',
  presetAnswer: 'preset-answers',
};

const alertTables: ReadonlySet<string> = new Set(schemaMap.medicalAlert.tables.flat());

/** Whether medical alerts are kept as columns, wherever. */
export const hasMedicalFlags = (found: ResolvedSchema['entities']): boolean =>
  medicalFlagNames.some((flag) => has(found.patient, flag) || has(found.medicalHistory, flag));

/** Whether something that is not there is to be reported: not where something else does for it. */
export function isMissed(
  { entity, field, reason, candidates }: MissingField,
  place: AddressPlace,
  found: ResolvedSchema['entities'],
): boolean {
  if (entity === 'givenAnswer' && field === 'completedId' && has(found.givenAnswer, 'completedAt')) return false;
  if (entity === 'medicalAlert' && field === undefined && reason === 'missing' && hasMedicalFlags(found))
    // A table of alerts that cannot be read is told all the same.
    return !candidates.every((name) => alertTables.has(name));
  const worded = has(found.givenAnswer, 'questionText');
  if (
    worded &&
    ((entity === 'givenAnswer' && field === 'questionId') || (entity === 'question' && reason === 'missing'))
  )
    return false;
  const need =
    field === undefined ? schemaMap[entity].need : (schemaMap[entity].fields as Record<string, FieldMap>)[field]?.need;
  const ofAddress =
    field === 'line1' || field === 'postcode' || (addressLineFields as readonly string[]).includes(field ?? '');
  // Address fields count as missing only where the address is looked for.
  if (ofAddress && entity === 'patient' && place !== 'patient' && place !== 'none') return false;
  if (entity === 'address' && place !== 'address-code' && place !== 'patient-code')
    return place === 'none' && reason === 'ambiguous';
  return need !== 'rare' || (reason !== 'missing' && !(reason === 'type'));
}

/** Parts of a full record that this practice's R4 does not hold. */
export function unavailableOf(found: ResolvedSchema['entities'], place: AddressPlace): string[] {
  const parts: string[] = [];
  for (const [entity, part] of Object.entries(partNames)) {
    if (found[entity as EntityName] !== undefined) continue;
    if (part === 'questions' && has(found.givenAnswer, 'questionText')) continue;
    if (part === 'medical-alerts' && hasMedicalFlags(found)) continue;
    parts.push(part);
  }
  if (place === 'none') parts.push('address');
  return parts.sort();
}

/** Tables that are read by a column with which no index begins. */
export function unindexedOf(found: ResolvedSchema['entities'], place: AddressPlace, link: AnswerLink): string[] {
  const byPatient = (name: EntityName): readonly [EntityName, string] => [
    name,
    patientLinkOf(found, found[name]) ?? 'patientCode',
  ];
  const searched: (readonly [EntityName, string])[] = [
    ['patient', 'patientCode'],
    byPatient('completedQuestionnaire'),
    link === 'id' ? ['givenAnswer', 'completedId'] : byPatient('givenAnswer'),
    byPatient('medicalAlert'),
    byPatient('medicalHistory'),
    place === 'address-code' ? ['address', 'addressCode'] : byPatient('address'),
  ];
  return searched.flatMap(([name, field]) => {
    const entity = found[name];
    const column = entity?.columns[field]?.[0]?.name;
    if (entity === undefined || column === undefined || entity.kind === 'view' || entity.leading === undefined)
      return [];
    return entity.leading.has(column) || entity.primaryKey[0] === column ? [] : [entity.table];
  });
}
