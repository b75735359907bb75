import { SqlServerError } from '../engine.ts';

/**
 * Every message that this half can raise: SQL Server's number → severity and text (`sys.messages` of 2008 R2, English).
 * `%s` takes the arguments in order.
 */
const messages = {
  102: [15, "Incorrect syntax near '%s'."],
  103: [15, "The identifier that starts with '%s' is too long. Maximum length is 128."],
  104: [
    15,
    'ORDER BY items must appear in the select list if the statement contains a UNION, INTERSECT or EXCEPT operator.',
  ],
  105: [15, "Unclosed quotation mark after the character string '%s'."],
  107: [15, "The column prefix '%s' does not match with a table name or alias name used in the query."],
  108: [15, 'The ORDER BY position number %s is out of range of the number of items in the select list.'],
  109: [
    15,
    'There are more columns in the INSERT statement than values specified in the VALUES clause. The number of values in the VALUES clause must match the number of columns specified in the INSERT statement.',
  ],
  110: [
    15,
    'There are fewer columns in the INSERT statement than values specified in the VALUES clause. The number of values in the VALUES clause must match the number of columns specified in the INSERT statement.',
  ],
  113: [15, "Missing end comment mark '*/'."],
  116: [16, 'Only one expression can be specified in the select list when the subquery is not introduced with EXISTS.'],
  120: [
    15,
    'The select list for the INSERT statement contains fewer items than the insert list. The number of SELECT values must match the number of INSERT columns.',
  ],
  121: [
    15,
    'The select list for the INSERT statement contains more items than the insert list. The number of SELECT values must match the number of INSERT columns.',
  ],
  130: [16, 'Cannot perform an aggregate function on an expression containing an aggregate or a subquery.'],
  132: [
    15,
    "The label '%s' has already been declared. Label names must be unique within a query batch or stored procedure.",
  ],
  134: [
    15,
    "The variable name '%s' has already been declared. Variable names must be unique within a query batch or stored procedure.",
  ],
  137: [15, 'Must declare the scalar variable "%s".'],
  141: [
    15,
    'A SELECT statement that assigns a value to a variable must not be combined with data-retrieval operations.',
  ],
  145: [15, 'ORDER BY items must appear in the select list if SELECT DISTINCT is specified.'],
  147: [
    15,
    'An aggregate may not appear in the WHERE clause unless it is in a subquery contained in a HAVING clause or a select list, and the column being aggregated is an outer reference.',
  ],
  148: [15, "Incorrect time syntax in time string '%s' used with WAITFOR."],
  155: [15, "'%s' is not a recognized %s option."],
  156: [15, "Incorrect syntax near the keyword '%s'."],
  164: [15, 'Each GROUP BY expression must contain at least one column that is not an outer reference.'],
  174: [15, 'The %s function requires %s argument(s).'],
  189: [15, 'The %s function requires %s to %s arguments.'],
  195: [15, "'%s' is not a recognized %s."],
  201: [16, "Procedure or function '%s' expects parameter '%s', which was not supplied."],
  205: [
    16,
    'All queries combined using a UNION, INTERSECT or EXCEPT operator must have an equal number of expressions in their target lists.',
  ],
  214: [16, "Procedure expects parameter '%s' of type '%s'."],
  206: [16, 'Operand type clash: %s is incompatible with %s'],
  207: [16, "Invalid column name '%s'."],
  208: [16, "Invalid object name '%s'."],
  209: [16, "Ambiguous column name '%s'."],
  213: [16, 'Column name or number of supplied values does not match table definition.'],
  217: [16, 'Maximum stored procedure, function, trigger, or view nesting level exceeded (limit 32).'],
  220: [16, 'Arithmetic overflow error for data type %s, value = %s.'],
  229: [14, "The %s permission was denied on the object '%s', database '%s', schema '%s'."],
  230: [14, "The %s permission was denied on the column '%s' of the object '%s', database '%s', schema '%s'."],
  232: [16, 'Arithmetic overflow error for type %s, value = %s.'],
  235: [16, 'Cannot convert a char value to money. The char value has incorrect syntax.'],
  241: [16, 'Conversion failed when converting date and/or time from character string.'],
  242: [16, 'The conversion of a %s data type to a %s data type resulted in an out-of-range value.'],
  244: [16, "The conversion of the %s value '%s' overflowed an %s column. Use a larger integer column."],
  245: [16, "Conversion failed when converting the %s value '%s' to data type %s."],
  248: [16, "The conversion of the %s value '%s' overflowed an int column."],
  251: [
    16,
    'Could not allocate ancillary table for query optimization. Maximum number of tables in a query (256) exceeded.',
  ],
  259: [16, 'Ad hoc updates to system catalogs are not allowed.'],
  257: [16, 'Implicit conversion from data type %s to %s is not allowed. Use the CONVERT function to run this query.'],
  264: [
    16,
    "The column name '%s' is specified more than once in the SET clause. A column cannot be assigned more than one value in the same SET clause. Modify the SET clause to make sure that a column is updated only once. If the SET clause updates columns of a view, then the column name '%s' may appear twice in the view definition.",
  ],
  271: [
    16,
    'The column "%s" cannot be modified because it is either a computed column or is the result of a UNION operator.',
  ],
  273: [16, 'Cannot insert an explicit value into a timestamp column.'],
  281: [16, '%s is not a valid style number when converting from %s to a character string.'],
  306: [
    16,
    'The text, ntext, and image data types cannot be compared or sorted, except when using IS NULL or LIKE operator.',
  ],
  313: [16, 'An insufficient number of arguments were supplied for the procedure or function %s.'],
  402: [16, 'The data types %s and %s are incompatible in the %s operator.'],
  404: [16, 'The column "%s" specified in the query is not valid.'],
  421: [16, 'The %s data type cannot be selected as DISTINCT because it is not comparable.'],
  448: [16, "Invalid collation '%s'."],
  468: [16, 'Cannot resolve the collation conflict between "%s" and "%s" in the %s operation.'],
  512: [
    16,
    'Subquery returned more than 1 value. This is not permitted when the subquery follows =, !=, <, <= , >, >= or when the subquery is used as an expression.',
  ],
  515: [16, "Cannot insert the value NULL into column '%s', table '%s'; column does not allow nulls. %s fails."],
  517: [16, "Adding a value to a '%s' column caused an overflow."],
  529: [16, 'Explicit conversion from data type %s to %s is not allowed.'],
  535: [
    16,
    'The datediff function resulted in an overflow. The number of dateparts separating two date/time instances is too large. Try to use datediff with a less precise datepart.',
  ],
  536: [16, 'Invalid length parameter passed to the %s function.'],
  537: [16, 'Invalid length parameter passed to the LEFT or SUBSTRING function.'],
  262: [16, "%s permission denied in database '%s'."],
  297: [16, 'The user does not have permission to perform this action.'],
  300: [14, "%s permission was denied on object '%s', database '%s'."],
  544: [16, "Cannot insert explicit value for identity column in table '%s' when IDENTITY_INSERT is set to OFF."],
  911: [16, "Database '%s' does not exist. Make sure that the name is entered correctly."],
  916: [14, 'The server principal "%s" is not able to access the database "%s" under the current security context.'],
  1007: [15, "The number '%s' is out of the range for numeric representation (maximum precision 38)."],
  1011: [15, "The correlation name '%s' is specified multiple times in a FROM clause."],
  1013: [
    15,
    'The objects "%s" and "%s" in the FROM clause have the same exposed names. Use correlation names to distinguish them.',
  ],
  1031: [15, 'Percent values must be between 0 and 100.'],
  1033: [
    15,
    'The ORDER BY clause is invalid in views, inline functions, derived tables, subqueries, and common table expressions, unless TOP or FOR XML is also specified.',
  ],
  1060: [15, 'The number of rows provided for a TOP or FETCH clauses row count parameter must be an integer.'],
  1801: [16, "Database '%s' already exists. Choose a different database name."],
  1205: [
    13,
    'Transaction (Process ID %s) was deadlocked on lock resources with another process and has been chosen as the deadlock victim. Rerun the transaction.',
  ],
  1222: [16, 'Lock request time out period exceeded.'],
  2627: [14, "Violation of PRIMARY KEY constraint '%s'. Cannot insert duplicate key in object '%s'."],
  2601: [14, "Cannot insert duplicate key row in object '%s' with unique index '%s'."],
  2714: [16, "There is already an object named '%s' in the database."],
  2740: [
    16,
    "SET LANGUAGE failed because '%s' is not an official language name or a language alias on this SQL Server.",
  ],
  2741: [16, "SET DATEFORMAT date order '%s' is invalid."],
  2812: [16, "Could not find stored procedure '%s'."],
  3623: [16, 'An invalid floating point operation occurred.'],
  3902: [16, 'The COMMIT TRANSACTION request has no corresponding BEGIN TRANSACTION.'],
  3903: [16, 'The ROLLBACK TRANSACTION request has no corresponding BEGIN TRANSACTION.'],
  4060: [11, 'Cannot open database "%s" requested by the login. The login failed.'],
  4104: [16, 'The multi-part identifier "%s" could not be bound.'],
  4121: [
    16,
    'Cannot find either column "%s" or the user-defined function or aggregate "%s", or the name is ambiguous.',
  ],
  4127: [16, 'At least one of the arguments to COALESCE must be an expression that is not the NULL constant.'],
  4151: [
    16,
    'The type of the first argument to NULLIF cannot be the NULL constant because the type of the first argument has to be known.',
  ],
  4145: [15, "An expression of non-boolean type specified in a context where a condition is expected, near '%s'."],
  4405: [16, "View or function '%s' is not updatable because the modification affects multiple base tables."],
  8102: [16, "Cannot update identity column '%s'."],
  8114: [16, 'Error converting data type %s to %s.'],
  8115: [16, 'Arithmetic overflow error converting %s to data type %s.'],
  8116: [16, 'Argument data type %s is invalid for argument %s of %s function.'],
  8117: [16, 'Operand data type %s is invalid for %s operator.'],
  8120: [
    16,
    "Column '%s' is invalid in the select list because it is not contained in either an aggregate function or the GROUP BY clause.",
  ],
  8121: [
    16,
    "Column '%s' is invalid in the HAVING clause because it is not contained in either an aggregate function or the GROUP BY clause.",
  ],
  8127: [
    16,
    'Column "%s" is invalid in the ORDER BY clause because it is not contained in either an aggregate function or the GROUP BY clause.',
  ],
  8133: [16, 'None of the result expressions in a CASE specification can be NULL.'],
  8134: [16, 'Divide by zero error encountered.'],
  8143: [16, "Parameter '%s' was supplied multiple times."],
  8145: [16, '%s is not a parameter for procedure %s.'],
  8144: [16, 'Procedure or function %s has too many arguments specified.'],
  8152: [16, 'String or binary data would be truncated.'],
  8155: [16, "No column name was specified for column %s of '%s'."],
  8156: [16, "The column '%s' was specified multiple times for '%s'."],
  8158: [16, "'%s' has more columns than were specified in the column list."],
  8159: [16, "'%s' has fewer columns than were specified in the column list."],
  8169: [16, 'Conversion failed when converting from a character string to uniqueidentifier.'],
  8170: [16, 'Insufficient result space to convert uniqueidentifier value to char.'],
  8178: [16, "The parameterized query '%s' expects the parameter '%s', which was not supplied."],
  8180: [16, 'Statement(s) could not be prepared.'],
  9436: [16, 'XML parsing: end tag does not match start tag.'],
  9806: [16, 'The datepart %s is not supported by date function %s.'],
  9810: [16, 'The datepart %s is not supported by date function %s for data type %s.'],
  10709: [16, 'The number of columns for each row in a table value constructor must be the same.'],
  15009: [16, "The object '%s' does not exist in database '%s' or is invalid for this operation."],
  15250: [16, 'The database name component of the object qualifier must be the name of the current database.'],
  18054: [
    16,
    'Error %s, severity %s, state %s was raised, but no message with that error number was found in sys.messages. If error is larger than 50000, make sure the user-defined message is added using sp_addmessage.',
  ],
  18456: [14, "Login failed for user '%s'."],
  18470: [14, "Login failed for user '%s'. Reason: The account is disabled."],
  18486: [
    14,
    "Login failed for user '%s' because the account is currently locked out. The system administrator can unlock it.",
  ],
  18487: [14, "Login failed for user '%s'. Reason: The password of the account has expired."],
  18488: [14, "Login failed for user '%s'. Reason: The password of the account must be changed."],
} as const satisfies Record<number, readonly [severity: number, text: string]>;

/** A number in the table of messages. */
export type ErrorNumber = keyof typeof messages;

/** The numbers and texts, for tests that check that each is reachable and well-formed. */
export const errorMessages: Readonly<Record<number, readonly [number, string]>> = messages;

/** Builds an error of the table; `args` fill its `%s` in order. */
export const sqlError = (number: ErrorNumber, ...args: readonly (string | number)[]): SqlServerError => {
  const [severity, text] = messages[number];
  let next = 0;
  return new SqlServerError(
    text.replace(/%s/g, () => String(args[next++] ?? '')),
    { number, severity, state: 1 },
  );
};

/** The same error, told at which line of the batch it arose. */
export const atLine = (error: SqlServerError, lineNumber: number): SqlServerError =>
  new SqlServerError(error.message, {
    number: error.number,
    severity: error.severity,
    state: error.state,
    lineNumber,
  });

/** What SQL Server 2008 R2 knows and this simulator does not: refused by name, never guessed. */
export const unsupported = (construct: string, lineNumber = 1): SqlServerError =>
  new SqlServerError(`'${construct}' is not supported by this simulator.`, {
    number: 102,
    severity: 15,
    state: 1,
    lineNumber,
  });
