import type { R4Server } from '@flynotes/sandbox/r4-server';
import type { EntityName, FieldName } from './schema-map.ts';
import { schemaMap, type EntityMap, type FieldMap } from './schema-map.ts';
import { foldName } from './identifiers.ts';
import { medicalFlagNames, type MedicalFlag } from './medical-flags.ts';

/**
 * For tests: practices as nobody has seen them, made up from a seed: other names, types, places and collations, missing columns
 * and tables, and things that only look like what is sought. Each knows the truth about itself.
 */

type Engine = R4Server['engine'];
type Definition = Parameters<ReturnType<Engine['createDatabase']>['defineTable']>[0];
type SqlType = Definition['columns'][number]['type'];
type Cell = string | number | bigint | null;

/** A patient of a made-up practice, as a record must show it. */
export interface TruePatient {
  readonly patientCode: number;
  readonly title: string;
  readonly forename: string;
  readonly surname: string;
  readonly knownAs: string;
  readonly sex: 'M' | 'F';
  /** `yyyy-mm-dd`. */
  readonly dateOfBirth: string;
  readonly nhsNumber: string;
  readonly email: string;
  readonly mobilePhone: string;
  readonly homePhone: string;
  readonly workPhone: string;
  readonly archived: boolean;
  readonly line1: string;
  readonly line2: string;
  readonly town: string;
  readonly postcode: string;
  readonly alerts: readonly string[];
  /** Where alerts are columns: those that say yes. */
  readonly flags: readonly MedicalFlag[];
  readonly forms: readonly TrueForm[];
}

/** A completed questionnaire. */
export interface TrueForm {
  readonly id: number;
  /** `yyyy-mm-ddThh:mm:ss`. */
  readonly at: string;
  readonly notes: string;
  readonly answers: readonly {
    readonly question: number;
    readonly preset: number | null;
    readonly own: string | null;
  }[];
}

/** What was made up. */
export interface MutatedPractice {
  readonly seed: number;
  readonly database: string;
  readonly collation: string;
  readonly patients: readonly TruePatient[];
  /** Entity → field → the column that holds it; an entity without a table is absent. */
  readonly written: { readonly [Entity in EntityName]?: Readonly<Record<string, string>> };
  readonly addressPlace: 'patient' | 'address-code' | 'patient-code' | 'none';
  readonly answerLink: 'id' | 'patient-and-time';
  /** Rows of a table, or columns of the patients' or of a table of histories. */
  readonly alertPlace: 'table' | 'patient' | 'history';
  /** Fields of which a second, wrong column was written: neither may be taken. */
  readonly twins: readonly string[];
}

/** Of the flags there are, those that are written; in the order in which they are passed on. */
const writtenFlags: readonly MedicalFlag[] = medicalFlagNames.filter((flag) =>
  ['allergies', 'warfarin', 'pacemaker', 'diabetes', 'asthma'].includes(flag),
);
export const questionTexts = ['Do you smoke?', 'Are you diabetic?', 'Which medicines do you take?'] as const;
export const presetTexts = ['Never', 'Daily', 'Type 1', 'Type 2'] as const;

const scripts = {
  SQL_Latin1_General_CP1_CI_AS: ['Siân', 'Zoë', 'Renée', 'O’Brien', 'Müller', 'Smith-Jones'],
  Latin1_General_BIN: ['Gonçalves', 'Håkansson', 'D’Arcy', 'Ann', 'Lee', 'Brontë'],
  Greek_CI_AS: ['Ελένη', 'Γιώργος', 'Παπαδόπουλος', 'Νικολάου', 'Φώτιος', 'Θεοδώρου'],
  Cyrillic_General_CI_AS: ['Елена', 'Дмитрий', 'Шевчук', 'Иванова', 'Щербаков', 'Юрий'],
  Polish_CI_AS: ['Małgorzata', 'Łukasz', 'Żółkiewska', 'Wójcik', 'Święta', 'Dąbrowska'],
  Turkish_CI_AS: ['Işık', 'Şükrü', 'Gülşah', 'Yıldız', 'Öztürk', 'Ağaoğlu'],
} as const;
const collations = Object.keys(scripts) as (keyof typeof scripts)[];

/** Creates the draws of a seed. */
function createDraws(seed: number) {
  let state = (seed * 2_654_435_761) >>> 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
  return {
    below: (limit: number): number => Math.floor(next() * limit),
    chance: (share: number): boolean => next() < share,
    pick: <Item>(items: readonly Item[]): Item => items[Math.floor(next() * items.length)] as Item,
  };
}
type Draws = ReturnType<typeof createDraws>;

const spellings: readonly ((name: string) => string)[] = [
  (name) => name,
  (name) => name.toLowerCase(),
  (name) => name.toUpperCase(),
  (name) => name.replace(/(?<=[a-z])(?=[A-Z])/g, '_'),
  (name) => name.replace(/(?<=[a-z])(?=[A-Z])/g, ' '),
];

/** Makes a practice up and builds it as a database of a simulated server. */
export function buildMutatedPractice(engine: Engine, seed: number): MutatedPractice {
  const draws = createDraws(seed);
  const collation = draws.pick(collations);
  const patients = peopleOf(draws, collation);
  const addressPlace = draws.pick(['patient', 'patient', 'address-code', 'patient-code', 'none'] as const);
  const answerLink = draws.chance(0.7) ? 'id' : 'patient-and-time';
  const questionsByText = draws.chance(0.2);
  const alertPlace = draws.pick(['table', 'table', 'patient', 'history'] as const);
  const database = `practice_${seed}`;
  /** How much this practice lacks: some lack nothing. */
  const lack = draws.pick([0, 0, 0.1, 0.25]);
  const writer = createWriter(engine.createDatabase(database), { draws, collation, lack });

  const addressCells = (each: TruePatient): Record<string, Cell> => ({
    line1: each.line1,
    line2: each.line2,
    town: each.town,
    postcode: each.postcode,
  });
  const flagCells = (each: TruePatient): Record<string, Cell> =>
    Object.fromEntries(writtenFlags.map((flag) => [flag, each.flags.includes(flag) ? 1 : 0]));
  writer.write('patient', patients, {
    key: 'patientCode',
    dropRequired: lack / 4,
    cells: (each, index) => ({
      patientCode: each.patientCode,
      title: each.title,
      forename: each.forename,
      surname: each.surname,
      knownAs: each.knownAs,
      sex: each.sex,
      dateOfBirth: each.dateOfBirth,
      nhsNumber: each.nhsNumber,
      email: each.email,
      mobilePhone: each.mobilePhone,
      homePhone: each.homePhone,
      workPhone: each.workPhone,
      archived: each.archived ? 1 : 0,
      ...(addressPlace === 'address-code' ? { addressCode: index + 500 } : {}),
      ...(addressPlace === 'patient' ? addressCells(each) : {}),
      ...(alertPlace === 'patient' ? flagCells(each) : {}),
    }),
    keep: addressPlace === 'address-code' ? ['addressCode'] : [],
    twin: draws.chance(0.15) ? draws.pick(['dateOfBirth', 'nhsNumber', 'knownAs'] as const) : undefined,
  });
  if (addressPlace === 'address-code' || addressPlace === 'patient-code') {
    writer.write('address', patients, {
      key: addressPlace === 'address-code' ? 'addressCode' : 'patientCode',
      cells: (each, index) => ({
        ...(addressPlace === 'address-code' ? { addressCode: index + 500 } : { patientCode: each.patientCode }),
        ...addressCells(each),
      }),
      keep: ['addressCode', 'patientCode', 'line1'],
    });
  }
  const forms = patients.flatMap((each) => each.forms.map((form) => ({ ...form, patientCode: each.patientCode })));
  const answers = forms.flatMap((form) => form.answers.map((answer) => ({ ...answer, form })));
  if (!draws.chance(lack)) {
    writer.write('completedQuestionnaire', forms, {
      key: 'id',
      cells: (form) => ({
        ...(answerLink === 'id' ? { id: form.id } : {}),
        patientCode: form.patientCode,
        completedAt: form.at,
        notes: form.notes,
      }),
      keep: ['id', 'completedAt'],
    });
  }
  if (!questionsByText && !draws.chance(lack)) {
    writer.write('question', questionTexts, {
      key: 'id',
      cells: (text, index) => ({ id: index + 1, text, position: index }),
    });
  }
  if (!draws.chance(lack)) {
    writer.write('presetAnswer', presetTexts, { key: 'id', cells: (text, index) => ({ id: index + 1, text }) });
  }
  if (!draws.chance(lack)) {
    writer.write('givenAnswer', answers, {
      key: 'id',
      cells: ({ form, question, preset, own }, index) => ({
        id: index + 1,
        ...(answerLink === 'id' ? { completedId: form.id } : { patientCode: form.patientCode, completedAt: form.at }),
        ...(questionsByText ? { questionText: questionTexts[question] ?? null } : { questionId: question + 1 }),
        presetId: preset === null ? null : preset + 1,
        ownWords: own,
      }),
      keep: ['completedId', 'patientCode', 'completedAt', 'questionId', 'questionText'],
    });
  }
  if (alertPlace === 'history') {
    writer.write('medicalHistory', patients, {
      key: 'patientCode',
      cells: (each) => ({ patientCode: each.patientCode, recordedAt: '2020-02-03T10:00:00', ...flagCells(each) }),
      keep: ['patientCode'],
    });
  }
  if (alertPlace === 'table' && !draws.chance(lack)) {
    const alerts = patients.flatMap((each) => each.alerts.map((text) => ({ text, patientCode: each.patientCode })));
    writer.write('medicalAlert', alerts, {
      key: 'id',
      cells: ({ text, patientCode }, index) => ({ id: index + 1, patientCode, text, active: 1 }),
    });
  }
  writer.writeLookAlikes();
  return { seed, database, collation, patients, addressPlace, answerLink, alertPlace, ...writer.told() };
}

function peopleOf(draws: Draws, collation: keyof typeof scripts): TruePatient[] {
  const names = scripts[collation];
  const two = (value: number): string => String(value).padStart(2, '0');
  let formId = 0;
  return Array.from({ length: 12 }, (_, index): TruePatient => {
    const forms = Array.from({ length: draws.below(3) }, (__, number): TrueForm => {
      formId += 1;
      return {
        id: formId,
        at: `20${two(10 + number)}-0${1 + draws.below(2)}-${two(1 + draws.below(28))}T10:${two(draws.below(60))}:00`,
        notes: `Notes of form ${formId}`,
        answers: questionTexts.map((___, question) =>
          question < 2
            ? { question, preset: question * 2 + draws.below(2), own: null }
            : { question, preset: null, own: `Own words ${formId} ${draws.pick(names)}` },
        ),
      };
    });
    return {
      patientCode: 1_000_000 + index * 7 + draws.below(7),
      title: draws.pick(['Mr', 'Mrs', 'Dr']),
      forename: draws.pick(names),
      surname: draws.pick(names),
      knownAs: `Kn${index}`,
      sex: draws.pick(['M', 'F'] as const),
      dateOfBirth: `19${two(30 + draws.below(60))}-${two(1 + draws.below(12))}-${two(1 + draws.below(28))}`,
      nhsNumber: nhsNumberOf(draws.below(899_999_999) + 100_000_000),
      email: `person.${index}@example.com`,
      mobilePhone: `07700 900${100 + index}`,
      homePhone: `01632 960${100 + index}`,
      workPhone: `01632 960${200 + index}`,
      archived: draws.chance(0.3),
      line1: `${index + 1} ${draws.pick(names)} Street`,
      line2: `Flat ${index}`,
      town: `Town${index}`,
      postcode: `YO${1 + index} 7AA`,
      flags: writtenFlags.filter(() => draws.chance(0.3)),
      alerts: draws.chance(0.4) ? [`Allergic to ${draws.pick(names)}`] : [],
      forms,
    };
  });
}

/** A number with a right check digit. */
function nhsNumberOf(start: number): string {
  for (let nine = start; ; nine += 1) {
    const digits = String(nine).slice(0, 9);
    const sum = digits.split('').reduce((total, digit, index) => total + Number(digit) * (10 - index), 0);
    const check = (11 - (sum % 11)) % 11;
    if (check < 10) return digits + String(check);
  }
}

interface TableOptions<Row> {
  readonly key: string;
  readonly cells: (row: Row, index: number) => Record<string, Cell>;
  /** Fields that are never left out, besides those that are required. */
  readonly keep?: readonly string[];
  /** How often a required column is left out all the same. */
  readonly dropRequired?: number;
  /** A field to write twice, under two equally good names. */
  readonly twin?: string | undefined;
}

function createWriter(
  builder: ReturnType<Engine['createDatabase']>,
  { draws, collation, lack }: { readonly draws: Draws; readonly collation: string; readonly lack: number },
) {
  const written: { [Entity in EntityName]?: Readonly<Record<string, string>> } = {};
  const twins: string[] = [];
  const tables = new Set<string>();
  const spell = draws.pick(spellings);
  const unicode = draws.chance(0.3);

  const define = (table: string, columns: Definition['columns'], more: Pick<Definition, 'primaryKey' | 'indexes'>) =>
    builder.defineTable({ name: table, kind: 'table', columns, ...more });

  const columnName = (entity: EntityName, field: string, used: ReadonlySet<string>): string | undefined => {
    const { fields } = schemaMap[entity] as EntityMap;
    const others = Object.entries(fields).filter(([name]) => name !== field);
    const fitting = (fields[field]?.ranks.flat() ?? []).filter(
      (name) =>
        !used.has(foldName(name)) &&
        !others.some(([, map]) => map.ranks.flat().some((other) => foldName(other) === foldName(name))),
    );
    return fitting.length === 0 ? undefined : draws.pick(fitting);
  };

  return {
    write<Row>(entity: EntityName, rows: readonly Row[], options: TableOptions<Row>): void {
      const { fields, tables: names } = schemaMap[entity] as EntityMap;
      const first = rows[0] === undefined ? undefined : options.cells(rows[0], 0);
      if (first === undefined) return;
      const others = Object.entries(schemaMap as Readonly<Record<string, EntityMap>>).flatMap(([name, map]) =>
        name === entity ? [] : map.tables.flat().map(foldName),
      );
      const free = names.flat().filter((name) => !tables.has(foldName(name)) && !others.includes(foldName(name)));
      const table = draws.chance(lack / 4) ? `Zzz${entity}` : spell(draws.pick(free));
      tables.add(foldName(table));
      const used = new Set<string>();
      const columns: { name: string; field: string; type: SqlType; cell: (value: Cell) => Cell }[] = [];
      const add = (field: string, plain: string): string => {
        used.add(foldName(plain));
        const name = spell(plain);
        columns.push({ name, field, ...storageOf(fields[field] as FieldMap, first[field] ?? null) });
        return name;
      };
      const truth: Record<string, string> = {};
      for (const field of Object.keys(first)) {
        const required = fields[field]?.need === 'required' || options.keep?.includes(field) === true;
        if (draws.chance(required ? (fields[field]?.need === 'required' ? (options.dropRequired ?? 0) : 0) : lack))
          continue;
        const plain = columnName(entity, field, used);
        if (plain === undefined) continue;
        truth[field] = add(field, plain);
      }
      const twin = options.twin;
      if (twin !== undefined && truth[twin] !== undefined) {
        // As good a name as the first, and wrong: the rows are shifted by one.
        const map = fields[twin] as FieldMap;
        const rank = map.ranks.find((each) => each.some((name) => foldName(name) === foldName(truth[twin] ?? '')));
        const other = (rank ?? []).find((name) => !used.has(foldName(name)));
        if (other !== undefined) {
          add(twin, other);
          twins.push(`${entity}.${twin}`);
        }
      }
      if (!table.startsWith('Zzz')) written[entity] = truth;
      const key = truth[options.key];
      // Sorted otherwise than the fields are.
      const order = draws.chance(0.5) ? columns.toReversed() : columns;
      define(
        table,
        order.map(({ name, type }) => ({ name, type, nullable: name !== key })),
        key === undefined || !draws.chance(0.8) ? {} : { primaryKey: [key] },
      );
      builder.insert(
        table,
        rows.map((row, index) => {
          const cells = options.cells(row, index);
          const shifted = options.cells(rows[(index + 1) % rows.length] as Row, (index + 1) % rows.length);
          return order.map(({ name, field, cell }) => cell((truth[field] === name ? cells : shifted)[field] ?? null));
        }),
      );
    },

    /** Tables that any practice has, some of them under names that nearly fit. */
    writeLookAlikes(): void {
      const int: SqlType = { name: 'int' };
      const text: SqlType = { name: 'varchar', length: 40, collation };
      const people = { PatientCode: int, Forename: text, Surname: text };
      const lookAlikes: readonly (readonly [string, Record<string, SqlType>])[] = [
        ['Patients_Backup', people],
        ['PatientsDeleted', people],
        ['Users', { UserCode: int, Forename: text, Surname: text }],
        ['Suppliers', { SupplierCode: int, Address1: text, Postcode: text }],
      ];
      for (const [name, columns] of lookAlikes) {
        if (!draws.chance(0.5)) continue;
        define(spell(name), columnsOf(columns), {});
        builder.insert(spell(name), [Object.values(columns).map((type) => (type === int ? 1_000_001 : 'Wrong'))]);
      }
    },
    told: () => ({ written, twins }),
  };

  /** A type that the column may well have elsewhere, and how it holds a value. */
  function storageOf(map: FieldMap, sample: Cell): { type: SqlType; cell: (value: Cell) => Cell } {
    const asIs = (value: Cell): Cell => value;
    if (typeof sample === 'string' && /^\d{4}-\d{2}-\d{2}/.test(sample) && map.types.includes('moment')) {
      const ms = (value: Cell): Cell =>
        typeof value === 'string' ? Date.parse(value.length === 10 ? `${value}T00:00:00Z` : `${value}Z`) : value;
      const name = draws.pick(
        sample.length === 10
          ? (['datetime', 'date', 'smalldatetime'] as const)
          : (['datetime', 'smalldatetime'] as const),
      );
      return { type: { name }, cell: ms };
    }
    if (typeof sample === 'number') {
      const isFlag = map.types.includes('text') && (sample === 0 || sample === 1) && !map.types.includes('guid');
      if (isFlag && draws.chance(0.3))
        return { type: { name: 'char', length: 1 }, cell: (value) => (value === 1 ? 'Y' : value === 0 ? 'N' : value) };
      if (isFlag) return { type: { name: draws.pick(['bit', 'int', 'tinyint'] as const) }, cell: asIs };
      return draws.chance(0.7)
        ? { type: { name: 'int' }, cell: asIs }
        : draws.chance(0.5)
          ? { type: { name: 'bigint' }, cell: (value) => (typeof value === 'number' ? BigInt(value) : value) }
          : { type: { name: 'decimal', precision: draws.pick([9, 18]), scale: 0 }, cell: asIs };
    }
    const narrow = draws.pick(['varchar', 'varchar', 'char', 'text'] as const);
    const wide = draws.pick(['nvarchar', 'ntext', 'nchar'] as const);
    const name = unicode ? wide : narrow;
    return {
      type: name === 'text' || name === 'ntext' ? { name, collation } : { name, length: 60, collation },
      cell: asIs,
    };
  }
}

const columnsOf = (columns: Readonly<Record<string, SqlType>>): Definition['columns'] =>
  Object.entries(columns).map(([name, type]) => ({ name, type, nullable: true }));

/** @see FieldName: the fields that are compared one by one. */
export const comparedFields = [
  'title',
  'knownAs',
  'sex',
  'dateOfBirth',
  'nhsNumber',
  'email',
  'mobilePhone',
  'homePhone',
  'workPhone',
  'archived',
] as const satisfies readonly FieldName<'patient'>[];
