import type { ErrorCode, LicenceAnswer } from '../../contract/index.ts';
import { noSuchDatabase } from '../../practice/index.ts';
import { isAgentError } from '../../runtime/index.ts';
import type { Check, CheckName } from '../check.ts';
import { failed, failedBy, passed, warned, type More } from '../finding.ts';
import { grantScript } from '../grant-script.ts';
import type { DoctorPorts, Findings } from '../ports.ts';

/** The layers between us and R4's patients, outermost first. Opening the database passes all of them or fails at one. */
const stages = ['sql-server', 'sql-tls', 'sql-login', 'sql-database', 'sql-read', 'schema'] as const;
type Stage = (typeof stages)[number];

/** At which layer an error of the practice area belongs; by the beginning of its code, so that each new cause finds its place. */
const stageOfCode: readonly (readonly [RegExp, Stage])[] = [
  [/^PRACTICE_(?:TLS|ENCRYPTION|CERTIFICATE)/, 'sql-tls'],
  [/^PRACTICE_(?:LOGIN|PASSWORD|ACCOUNT)/, 'sql-login'],
  // A data source of ODBC that leads to training data.
  [/^(?:PRACTICE_DATABASE|CONFIG)/, 'sql-database'],
  [/^PRACTICE_(?:PERMISSION|TIMEOUT|CONNECTION_LOST|QUERY|DEADLOCK|LOCK)/, 'sql-read'],
  [/^PRACTICE_SCHEMA/, 'schema'],
];

function stageOf(code: ErrorCode): Stage {
  return stageOfCode.find(([pattern]) => pattern.test(code))?.[1] ?? 'sql-server';
}

/** The check of each layer up to the schema. The first one opens the database; the others tell what became of it. */
export function createOpeningChecks(
  ports: DoctorPorts,
  findings: Findings,
  overrides: () => Promise<LicenceAnswer['schemaOverrides']>,
): Check[] {
  const scriptFor = (stage: Stage): More =>
    mendedByRights(stage, findings)
      ? { script: grantScript(ports.account, { database: ports.database, grants: null }) }
      : {};

  const told = (stage: Stage, whenPassed: () => ReturnType<typeof passed>): ReturnType<typeof passed> => {
    const { openFailure } = findings;
    if (openFailure === undefined) return whenPassed();
    const failedAt = isAgentError(openFailure) ? stageOf(openFailure.code) : 'sql-server';
    if (stages.indexOf(failedAt) > stages.indexOf(stage)) return whenPassed();
    return failedBy(openFailure, scriptFor(stage));
  };

  const check = (name: Stage, needs: readonly CheckName[], whenPassed: () => ReturnType<typeof passed>): Check => ({
    name,
    needs,
    mostMs: 1_000,
    late: 'PRACTICE_TIMEOUT',
    run: async () => told(name, whenPassed),
  });

  return [
    {
      name: 'sql-server',
      needs: ['config'],
      mostMs: 40_000,
      late: 'PRACTICE_TIMEOUT',
      async run(signal) {
        try {
          findings.practice = await ports.openPractice(overrides, signal);
        } catch (error) {
          findings.openFailure = error;
        }
        const product = findings.practice?.product;
        return told('sql-server', () =>
          passed(product === undefined ? 'SQL Server answers.' : `SQL Server ${product} answers.`),
        );
      },
    },
    check('sql-tls', ['sql-server'], () => tlsOf(findings)),
    check('sql-login', ['sql-tls'], () => passed(`The login is accepted, as ${ports.account.name}.`)),
    check('sql-database', ['sql-login'], () => passed('The database can be opened.')),
    check('sql-read', ['sql-database'], () => readingOf(ports, findings)),
    check('schema', ['sql-read'], () => schemaOf(findings)),
  ];
}

function tlsOf({ practice }: Findings): ReturnType<typeof passed> {
  switch (practice?.reader.schema.tls) {
    case 'old':
      return warned('PRACTICE_TLS_OLD');
    case 'current':
      return passed('The connection is made as the configuration asks; no outdated TLS was needed.');
    case 'none':
      return passed('The connection is made as the configuration asks: without encryption.');
    case 'unknown':
      return passed(
        'The connection is made as the configuration asks. Which TLS it uses is not known: the ODBC driver does not tell, and SQL Server did not either.',
      );
    case undefined:
      return passed('The connection is made as the configuration asks.');
  }
}

/** A search that found nothing may have been turned away everywhere; a database that is not there no right brings back. */
function mendedByRights(stage: Stage, { openFailure }: Findings): boolean {
  if (!isAgentError(openFailure)) return false;
  const { code, details } = openFailure;
  if (code === 'PRACTICE_NOT_FOUND') return true;
  if (stage === 'sql-database') return code === 'PRACTICE_DATABASE_UNAVAILABLE' && details['reason'] !== noSuchDatabase;
  return stage === 'sql-login' || code === 'PRACTICE_PERMISSION_DENIED';
}

/** Optional tables that may not be read; needed ones have failed the opening. */
function readingOf(ports: DoctorPorts, { practice }: Findings): ReturnType<typeof passed> {
  if (practice === undefined) return passed('What was asked for may be read.');
  const { schema } = practice.reader;
  const denied = schema.missing.filter(({ reason }) => reason === 'denied').flatMap(({ candidates }) => candidates);
  if (denied.length === 0) return passed('Every table that is used may be read.');
  return warned('PRACTICE_PERMISSION_DENIED', {
    facts: `${denied.join(', ')}; everything else is read`,
    script: grantScript(ports.account, { database: ports.database, grants: schema.grants }),
  });
}

function schemaOf({ practice }: Findings): ReturnType<typeof passed> {
  if (practice === undefined) return failed('PRACTICE_TIMEOUT');
  const { schema } = practice.reader;
  const tables = Object.values(schema.entities).map(({ table }) => table);
  const lacking = schema.missing
    .filter(({ reason }) => reason !== 'denied')
    .map(({ entity, field, reason, candidates }) => {
      const what = field === undefined ? entity : `${entity}.${field}`;
      const names = candidates.slice(0, 6).join(', ');
      if (reason === 'ambiguous') return `${what}: ${names} are equally good, none is taken`;
      if (reason === 'type') return `${what}: ${names} has an unexpected type`;
      // Tables that were looked at stand there with the reason; otherwise, names that were looked for.
      return names.includes(' (') ? `${what}: not ${names}` : `${what}: none of ${names}`;
    });
  if (schema.refusedOverrides.length > 0) {
    return warned('PRACTICE_OVERRIDE_INVALID', { facts: schema.refusedOverrides.slice(0, 20).join(', ') });
  }
  if (lacking.length > 0) return warned('PRACTICE_PARTS_MISSING', { facts: lacking.slice(0, 20).join('; ') });
  if (schema.unindexed.length > 0) return warned('PRACTICE_INDEX_MISSING', { facts: schema.unindexed.join(', ') });
  const all = schema.missing.length === 0 ? 'All that is usually read' : 'All that may be read';
  return passed(`${all} was found, in ${tables.length} tables: ${tables.join(', ')}.`);
}

/** Nobody may write with our login. */
export function createWriteCheck(ports: DoctorPorts, findings: Findings): Check {
  return {
    name: 'sql-write',
    needs: ['sql-read', 'schema'],
    mostMs: 1_000,
    late: 'PRACTICE_TIMEOUT',
    async run() {
      const { schema } = findings.practice!.reader;
      if (!schema.sysadmin && !schema.canWrite) return passed('The login cannot write, as it should be.');
      const script = grantScript(ports.account, { database: ports.database, grants: schema.grants, ofItsOwn: true });
      return warned(schema.sysadmin ? 'PRACTICE_SYSADMIN' : 'PRACTICE_WRITABLE', { script });
    },
  };
}
