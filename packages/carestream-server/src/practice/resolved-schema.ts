import type { EntityName, FieldName } from './schema-map.ts';

/** A column of this practice that holds a field of ours. */
export interface ResolvedColumn {
  readonly field: string;
  readonly name: string;
  /** As `INFORMATION_SCHEMA` spells it. */
  readonly type: string;
  /** Digits of an exact number. */
  readonly precision?: number;
}

/** A table of this practice that holds an entity of ours. */
export interface ResolvedEntity {
  readonly entity: EntityName;
  readonly schema: string;
  readonly table: string;
  readonly kind: 'table' | 'view';
  readonly primaryKey: readonly string[];
  readonly leading: ReadonlySet<string> | undefined;
  /** One column per field, several where a field takes many, none where it is missing. */
  readonly columns: Readonly<Record<string, readonly ResolvedColumn[]>>;
}

/** Where addresses live. */
export type AddressPlace =
  /** On the patients' table. */
  | 'patient'
  /** In a table of their own; the patient holds the address's code. */
  | 'address-code'
  /** In a table of their own that holds the patient's code. */
  | 'patient-code'
  | 'none';

/** How given answers hang on their questionnaire. */
export type AnswerLink =
  /** By the questionnaire's row id. */
  | 'id'
  /** By the patient and the time at which the questionnaire was completed. */
  | 'patient-and-time'
  | 'none';

/** A table that was looked at and not taken, and why. */
export interface ConsideredTable {
  readonly entity: EntityName;
  readonly table: string;
  readonly why: string;
}

/** Why a field is not read. */
export interface MissingField {
  readonly entity: EntityName;
  /** Absent where the whole entity is missing. */
  readonly field?: string;
  /** `ambiguous`: several equally good candidates; `type`: the name fits, the type does not; `denied`: it may not be read. */
  readonly reason: 'missing' | 'ambiguous' | 'type' | 'denied';
  /** Names of this practice that were considered and not taken, or, where there are none, names that were looked for. */
  readonly candidates: readonly string[];
}

/** What a practice's database looks like to us. */
export interface ResolvedSchema {
  readonly entities: { readonly [Entity in EntityName]?: ResolvedEntity };
  readonly addressPlace: AddressPlace;
  readonly answerLink: AnswerLink;
  /** What is usually there and is not read here. */
  readonly missing: readonly MissingField[];
  /** Parts of a full record that this practice's R4 does not hold, as marks. */
  readonly unavailable: readonly string[];
  /** Tables that are read by a column with which no index begins: slow for a large practice. */
  readonly unindexed: readonly string[];
  /** What was found and is not read, because nothing joins it to the rest. */
  readonly loose: readonly ResolvedEntity[];
  /** 32 hexadecimal digits over the names and types of everything that is used. */
  readonly fingerprint: string;
}

/** The column of a field that is one column. */
export function columnOf<Entity extends EntityName>(
  entity: ResolvedEntity,
  field: FieldName<Entity>,
): ResolvedColumn | undefined {
  return entity.columns[field]?.[0];
}
