import { ruleTable } from '../packages/carestream-server/src/records/rules.ts';
import { schemaMap, type EntityMap, type FieldMap } from '../packages/carestream-server/src/practice/schema-map.ts';

const entityWords: Readonly<Record<keyof typeof schemaMap, string>> = {
  patient: 'Who the patients are. Without it nothing works.',
  address:
    'Looked for where the patients’ table holds no address lines of its own. Joined by the address’s code, or by the patient’s.',
  completedQuestionnaire: 'A questionnaire that a patient completed, with the notes on it.',
  givenAnswer:
    'What a patient answered. Joined to its questionnaire by the row id, or else by patient and time; to its question by the key, or it holds the question’s words itself. Where the table has neither way, it is not read.',
  question: 'The questions of the forms.',
  presetAnswer:
    'The answers that a form offers. Read only where given answers point at them: otherwise nothing tells them from a patient’s own words, and `questionnaire-answers-upload` is refused with `QUESTIONNAIRE_PRESETS_UNKNOWN`.',
  medicalAlert: 'What R4 warns of when a patient’s card opens.',
  medicalHistory:
    'Practices that keep medical alerts as columns keep them here, or on the patients’ table: a yes or a no each, or a few words. A yes is passed on in the words of the last column below, other words behind them, and the record is marked `alert-from-flag`. Of several histories of a patient the newest counts; where nothing tells which that is, what any of them says is passed on and marked.',
};

/** `docs/guide/r4-schema.md`: the schema map and the rules for dirt, as a person reads them. */
export function schemaGuide(generated: string): string {
  const entities = Object.entries(schemaMap as Readonly<Record<string, EntityMap>>).map(
    ([name, entity]) => `### ${name}

${entityWords[name as keyof typeof schemaMap]}

${ranked('Tables', entity.tables)}
${oneOf(entity)}
| field | need | types | columns, best first |
|---|---|---|---|
${Object.entries(entity.fields)
  .filter(([, { flag }]) => flag === undefined)
  .map(fieldRow)
  .join('\n')}
${flagRows(name, entity)}`,
  );
  const rules = Object.entries(ruleTable).map(
    ([name, { mark, what }]) => `| \`${name}\` | ${mark ? 'yes' : ''} | ${what} |`,
  );
  return `# What is read of R4

${generated}

No two practices’ R4 are the same. At start-up, and again when a query meets a name that is gone, the agent reads the database’s catalogue
and looks there for the tables and columns below. \`carestream-server schema --config FILE\` tells for each of them where it was found, what
else was considered and why not, and what is missing; \`--json\` tells the same in one line. It shows names and types, and no value of a
patient. Its exit code is 0 where everything usual was found, 1 where something is missing, 2 where patients cannot be read.

## How names are matched

- Names are compared without case, spaces, underscores and hyphens: \`Post_Code\` is \`postcode\`.
- Candidates stand in ranks, divided by “;”. The first rank of which anything exists decides.
- Two of one rank are equally good: neither is taken, and \`schema\` says so. Between tables, \`dbo\` comes before other schemas, and a table
  before a view. A table’s own key comes before other columns that could be it. Fields marked “all” take every column of the rank.
- A column must have a fitting type. One whose name fits and whose type does not is reported, and no lower rank is taken in its place: R4’s
  number as text is still R4’s number, and another number beside it is not. Only a GUID is passed over, being a key of another kind.
- *Required* and missing: \`PRACTICE_SCHEMA_UNSUPPORTED\`, naming what was looked for and what stands there instead. *Usual* and missing:
  everything else is read, and the heartbeat carries \`PRACTICE_PARTS_MISSING\`. *Rare* and missing means nothing.
- Parts of a full record that a practice’s R4 does not hold are named in the record’s \`unavailable\`.

The names and types of everything that is used make up the *schema fingerprint*, which goes with each heartbeat.

## Which database

\`sys2000\`, unless the configuration names another. \`Tutor\` and \`NG_R4_Tutor\` are refused: their patients do not exist. \`NG_R4_sys2000\`
is read only where the configuration names it. Its patients are then read by the column that holds R4’s number
(\`SourcePatientCode\` and its like); what hangs on them by a GUID is joined by the GUID that stands beside that number.

## When a practice has other names

The licence answer’s \`schemaOverrides\` may replace any part: entity → field → one column, several in order, or \`null\` for what is not
to be read. \`table\` replaces the tables; a schema may stand in front. What an override names is looked for alone.

\`\`\`json
{ "patient": { "table": "r4.Kunden", "knownAs": "Rufname", "dateOfBirth": ["GebDatum", "Geburtstag"] }, "medicalAlert": null }
\`\`\`

An override that cannot be used, or with which patients are no longer found, is left out; heartbeat and log carry \`PRACTICE_OVERRIDE_INVALID\`
with the part’s name.

## Entities

${entities.join('\n')}
## Rules for dirt

Nothing is invented. What cannot be read with certainty is passed on as text and marked on the record; what is left out is counted. Each rule’s
count stands in the pass’s figures.

| rule | marks the record | what it means |
|---|---|---|
${rules.join('\n')}

Dates of birth are dates. Other times are wall times of the practice: each is passed on as it stands and with the offset of the practice’s
time zone, marked where the clocks’ change makes it ambiguous or impossible. Money, and decimals of more than 15 digits, travel as text.

## What R4 notices

- Every statement is a \`SELECT\`, with \`LOCK_TIMEOUT\`, \`DEADLOCK_PRIORITY LOW\` and \`MAXDOP 1\`. Pages are read uncommitted, or read committed
  where the database keeps snapshots for that (\`READ_COMMITTED_SNAPSHOT\`); who seems to have vanished is looked up by key, read committed.
- Pages go by the patient’s number. A table that is read by a column with which no index begins is warned of: \`PRACTICE_INDEX_MISSING\`.
- A deadlock (1205), a lock that lasts (1222) and data that moved beneath the read (601, 605) are tried again.
- Scheduled passes pause after each page for half of what it took, at most 30 s: a busy server gets longer pauses by itself. A pass that
  somebody waits for does not pause, and a single patient is read beside it over a connection of its own. Pages, rows, reading and pausing
  stand in the pass’s figures.
- Over ODBC, whose drivers do not tell which TLS they use, one more connection per start goes no further than the TLS handshake: SQL Server
  may note it in its log as a connection that ended before the login.
- A login that may write is warned of once a day (\`PRACTICE_WRITABLE\`); one that rules the server is an error (\`PRACTICE_SYSADMIN\`).
`;
}

const ranked = (what: string, ranks: readonly (readonly string[])[]): string =>
  `${what}: ${ranks.map((rank) => rank.map((name) => `\`${name}\``).join(', ')).join('; ')}`;

const oneOf = ({ oneOf: groups, unlike }: EntityMap): string =>
  [
    ...(groups ?? []).map((group) =>
      group.length > 6
        ? '\nAt least one of the flags.\n'
        : `\nOne of: ${group.map((fields) => fields.map((field) => `\`${field}\``).join(' with ')).join(', or ')}.\n`,
    ),
    ...(unlike === undefined
      ? []
      : [
          '\nA table with a column for a patient or a completed questionnaire is passed over: it holds patients’ own.\n',
        ]),
  ].join('');

/** Flags stand once, with the histories. */
function flagRows(name: string, { fields }: EntityMap): string {
  const flags = Object.entries(fields).flatMap(([field, { flag, ranks }]) =>
    flag === undefined ? [] : [`| \`${field}\` | ${namesOf(ranks)} | ${flag} |`],
  );
  if (flags.length === 0) return '';
  if (name !== 'medicalHistory') return '\nAnd the flags of [medicalHistory](#medicalhistory), each *rare, all*.\n';
  return `
| flag (rare, all) | columns | what a yes says |
|---|---|---|
${flags.join('\n')}
`;
}

const namesOf = (ranks: FieldMap['ranks']): string =>
  ranks.map((rank) => rank.map((column) => `\`${column}\``).join(', ')).join('; ');

function fieldRow([name, { need, types, ranks, many }]: [string, FieldMap]): string {
  return `| \`${name}\` | ${need}${many === true ? ', all' : ''} | ${types.join(', ')} | ${namesOf(ranks)} |`;
}
