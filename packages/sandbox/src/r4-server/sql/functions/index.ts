import { atLine, sqlError, unsupported } from '../errors.ts';
import type { FunctionCall } from '../parse/ast.ts';
import type { Translation } from '../translate/context.ts';
import type { Scope } from '../translate/scope.ts';
import type { Typed } from '../translate/typed.ts';
import { conversionFunctions } from './conversions.ts';
import { dateFunctions } from './dates.ts';
import type { FunctionTable, ScalarFunction } from './function-table.ts';
import { globals } from './globals.ts';
import { metadataFunctions } from './metadata.ts';
import { numberFunctions } from './numbers.ts';
import { stringFunctions } from './strings.ts';

const table: FunctionTable = {
  ...conversionFunctions,
  ...stringFunctions,
  ...numberFunctions,
  ...dateFunctions,
  ...metadataFunctions,
};
const byName = new Map<string, ScalarFunction>(Object.entries(table));

/** Functions of 2008 R2 that this simulator does not have; any other name is unknown to 2008 R2 too. */
const lacking: ReadonlySet<string> = new Set(
  `APPLOCK_MODE APPLOCK_TEST ASSEMBLYPROPERTY ASYMKEY_ID BINARY_CHECKSUM CERTENCODED CERT_ID CHECKSUM COLUMNS_UPDATED COLUMNPROPERTY
  CONTEXT_INFO CURSOR_STATUS DATABASE_PRINCIPAL_ID DECRYPTBYKEY DIFFERENCE ENCRYPTBYKEY ERROR_LINE ERROR_MESSAGE
  ERROR_NUMBER ERROR_PROCEDURE ERROR_SEVERITY ERROR_STATE FILEGROUP_ID FILEGROUP_NAME FILEGROUPPROPERTY FILEPROPERTY FILE_ID FILE_IDEX
  FILE_NAME FN_LISTEXTENDEDPROPERTY FORMATMESSAGE FULLTEXTCATALOGPROPERTY FULLTEXTSERVICEPROPERTY GETANSINULL HOST_ID IDENT_CURRENT
  IDENT_INCR IDENT_SEED INDEXKEY_PROPERTY INDEXPROPERTY INDEX_COL KEY_GUID KEY_ID LOGINPROPERTY MIN_ACTIVE_ROWVERSION NEWSEQUENTIALID
  OBJECTPROPERTY OBJECTPROPERTYEX OBJECT_DEFINITION ORIGINAL_DB_NAME PARSENAME PERMISSIONS PUBLISHINGSERVERNAME PWDCOMPARE PWDENCRYPT RAND
  SCHEMA_ID SESSIONPROPERTY SOUNDEX SQL_VARIANT_PROPERTY STATS_DATE SWITCHOFFSET SYSDATETIMEOFFSET TERTIARY_WEIGHTS TEXTPTR TEXTVALID
  TODATETIMEOFFSET TRIGGER_NESTLEVEL TYPEPROPERTY UPDATE VERIFYSIGNEDBYCERT XACT_STATE`.split(/\s+/),
);

/**
 * Translates a call of a scalar function.
 * @throws SqlServerError 174 or 189 (number of arguments), 195 (2008 R2 has no such function), 102 (this simulator lacks it)
 */
export const translateFunction = (translation: Translation, node: FunctionCall, scope: Scope): Typed => {
  const found = byName.get(node.name);
  if (found === undefined) {
    if (lacking.has(node.name)) throw unsupported(node.name, node.line);
    throw atLine(sqlError(195, node.name, 'built-in function name'), node.line);
  }
  if (node.star === true || node.distinct === true)
    throw atLine(sqlError(102, node.star === true ? '*' : 'distinct'), node.line);
  const [low, high] = found.arguments;
  if (node.args.length < low || node.args.length > high) {
    const name = node.name.toLowerCase();
    throw atLine(low === high ? sqlError(174, name, low) : sqlError(189, name, low, high), node.line);
  }
  return found.translate(
    { translation, builder: translation.builder, call: node },
    node.args.map((argument) => translation.expression(argument, scope)),
  );
};

/** Translates `@@NAME`. */
export const translateGlobal = (translation: Translation, name: string, line: number): Typed => {
  const found = globals[name];
  if (found === undefined) throw atLine(sqlError(137, name), line);
  const sql = translation.bind(`global:${name}`, (session) => found.value(translation.server, session));
  return { sql, type: found.type, nullable: found.nullable ?? false };
};
