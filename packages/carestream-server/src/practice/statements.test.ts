import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { writtenCatalogue } from './catalogue-rig.ts';
import { resolveSchema } from './schema-resolver.ts';
import * as statements from './statements.ts';

const history = `CompletedQuestionnaire: CompletedQuestionnaireID int*, PatientCode int+, DateTime datetime, Notes text
Questions: QuestionID int*, Question text
GivenAnswers: CompletedQuestionnaireID int+, QuestionID int, OptionID int, FreeText varchar
AnswerOptions: OptionID int*, OptionText varchar
MedicalAlerts: PatientCode int+, Alert text`;
const address = 'Address1 varchar, Town varchar, Postcode varchar';
const schemas = [
  `Patients: PatientCode int*, Forename nvarchar, Surname nvarchar, ${address}\n${history}`,
  `Patients: PatientCode int*, AddressCode int, Forename nvarchar, Surname nvarchar\nAddresses: AddressCode int*, ${address}\n${history}`,
  `Patients: PatientCode int*, Forename nvarchar, Surname nvarchar\nAddresses: PatientCode int+, ${address}\n${history}`,
  // Answers by patient and time, with their question's words; exact numbers and zoned times.
  `Patients: PatientCode int*, Forename nvarchar, Surname nvarchar, NHSNo decimal, Tel money, ${address}
CompletedQuestionnaire: PatientCode int+, DateTime datetimeoffset, Notes ntext
GivenAnswers: PatientCode int+, DateTime datetimeoffset, Question ntext, Answer ntext`,
  // Somebody may name a schema so; brackets hold it.
  `x]; DROP TABLE Patients; --.Patients: Patient_Code int*, Forename nvarchar, Surname nvarchar`,
].map((text) => resolveSchema(writtenCatalogue(text)));

/** Every text that can be sent. */
function everyText(): string[] {
  const fixed = Object.values(statements).filter((value) => typeof value === 'string');
  const made = schemas.flatMap((schema) => {
    const isolations = ['read-uncommitted', 'read-committed'] as const;
    const texts = isolations.flatMap((isolation) => {
      const each = statements.createStatements(schema, isolation);
      return [
        each.firstPage(2000),
        each.nextPage(2000),
        each.basicsOf([1, 2, 3]),
        each.patient,
        each.questions,
        each.presetAnswers,
      ];
    });
    return [...texts, statements.permissionsStatement];
  });
  return [
    ...fixed,
    ...made,
    statements.databaseStateStatement("it's; DROP DATABASE x; --"),
    statements.probeStatement("Patients]; DELETE FROM x; --'"),
  ].filter((text) => text !== undefined);
}

/** The statements of a text, what stands in brackets and quotes taken out first. */
const split = (text: string): string[] =>
  text
    .replace(/\[(?:[^\]]|\]\])*\]/g, '[]')
    .replace(/N?'(?:[^']|'')*'/g, "''")
    .split(';')
    .map((statement) => statement.trim())
    .filter((statement) => statement !== '');

const allowedSet =
  /^SET (?:NOCOUNT ON|LOCK_TIMEOUT \d+|DEADLOCK_PRIORITY LOW|TRANSACTION ISOLATION LEVEL READ (?:UN)?COMMITTED)$/;
const writes =
  /\b(?:INSERT|UPDATE|DELETE|MERGE|INTO|EXEC|EXECUTE|DROP|ALTER|CREATE|TRUNCATE|GRANT|DENY|REVOKE|BULK|OPENROWSET|OPENQUERY|XP_\w+|SP_\w+|WAITFOR|USE|DBCC|BACKUP|RESTORE|SHUTDOWN|KILL|DECLARE|BEGIN|COMMIT)\b/i;
const newerThan2008 =
  /\b(?:OFFSET|FETCH|TRY_CONVERT|TRY_CAST|CONCAT|STRING_AGG|FORMAT|IIF|CHOOSE|LAG|LEAD|STRING_SPLIT|TRIM)\b/i;

describe('every statement that can be sent', () => {
  const texts = everyText();

  test('there are enough of them to mean something', () => {
    expect(texts.length).toBeGreaterThan(40);
  });

  test.each(texts.map((text) => [text]))('%s', (text) => {
    const found = split(text);
    expect(found.length).toBeGreaterThan(4);
    for (const statement of found) {
      if (statement.startsWith('SET ')) expect(statement).toMatch(allowedSet);
      else expect(statement).toMatch(/^SELECT /);
      expect(statement).not.toMatch(writes);
      expect(statement).not.toMatch(newerThan2008);
      expect(statement).not.toContain('--');
      expect(statement).not.toContain('/*');
    }
    expect(text).toMatch(
      /^SET NOCOUNT ON; SET LOCK_TIMEOUT 5000; SET DEADLOCK_PRIORITY LOW; SET TRANSACTION ISOLATION LEVEL READ (?:UN)?COMMITTED;/,
    );
  });

  test('those of R4’s own tables run on one core', () => {
    for (const statement of texts.flatMap(split)) {
      if (/FROM \[\]/.test(statement)) expect(statement).toContain('OPTION (MAXDOP 1)');
    }
  });

  test('rows by key see only what is committed', () => {
    for (const schema of schemas)
      expect(statements.createStatements(schema, 'read-uncommitted').basicsOf([1])).toContain('READ COMMITTED;');
  });

  test('numbers in a text are numbers', () => {
    const made = statements.createStatements(schemas[0]!, 'read-uncommitted');
    expect(() => made.basicsOf(['1); DROP TABLE x; --' as unknown as number])).toThrow(RangeError);
    expect(() => made.firstPage(1.5)).toThrow(RangeError);
  });

  test('no other file holds SQL', () => {
    const areas = ['practice', 'upload', 'commands', 'records', 'doctor', 'lifecycle', 'cli'];
    const files = areas.flatMap((area) =>
      readdirSync(`${import.meta.dirname}/../${area}`, { recursive: true, encoding: 'utf8' })
        .filter((name) => name.endsWith('.ts') && !/\.test\.ts$|statements\.ts$|-rig\.ts$/.test(name))
        // The script that doctor prints is for an administrator; nobody sends it.
        .filter((name) => name !== 'grant-script.ts')
        .map((name) => `${area}/${name}`),
    );
    expect(files.length).toBeGreaterThan(60);
    for (const name of files) {
      expect(readFileSync(`${import.meta.dirname}/../${name}`, 'utf8'), name).not.toMatch(
        /['"`](?:SELECT|INSERT|UPDATE|DELETE|SET|EXEC|WITH|select|insert into|delete from|exec)\s/,
      );
    }
  });
});
