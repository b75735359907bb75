/**
 * Every error that a person may meet, once. Codes are never reused. `docs/errors.md` is generated from this table, and a test
 * fails on a code that is used and not here, or here and not used.
 */

/** What the agent does about a failure. */
export type Disposition =
  /** May pass by itself: try again. */
  | 'transient'
  /** May have taken effect: repeat only with an idempotency key. */
  | 'ambiguous'
  /** Will not get better by trying: set aside and report. */
  | 'permanent'
  /** Nothing can go on: stop and tell a person. */
  | 'fatal';

/** Who can mend it. */
export type Mender = 'practice-it' | 'flynotes' | 'nobody-needed';

/** One row of the table. */
export interface ErrorEntry {
  readonly disposition: Disposition;
  /** One sentence: what happened. */
  readonly happened: string;
  /** One sentence: what to do. */
  readonly todo: string;
  readonly mender: Mender;
}

const entry = (disposition: Disposition, mender: Mender, happened: string, todo: string): ErrorEntry => ({
  disposition,
  happened,
  todo,
  mender,
});

/** @see {@link ErrorEntry} */
export const errorTable = {
  // Configuration
  CONFIG_FILE_MISSING: entry(
    'fatal',
    'practice-it',
    'The configuration file does not exist or cannot be read.',
    'Check the path given with --config and that the service account may read it.',
  ),
  CONFIG_NOT_JSON: entry(
    'fatal',
    'practice-it',
    'The configuration file is not valid JSON.',
    'Mend the line that the message names; in JSON a backslash in a Windows path is written twice.',
  ),
  CONFIG_FIELD_MISSING: entry(
    'fatal',
    'practice-it',
    'A required field is missing from the configuration.',
    'Add the field that the message names.',
  ),
  CONFIG_FIELD_UNKNOWN: entry(
    'fatal',
    'practice-it',
    'The configuration holds a field that does not exist.',
    'Remove the field that the message names, or correct its spelling.',
  ),
  CONFIG_FIELD_INVALID: entry(
    'fatal',
    'practice-it',
    'A field of the configuration has a value that cannot be used.',
    'Correct the field as the message says.',
  ),
  // Licence and Flynotes
  LICENCE_UNKNOWN: entry(
    'fatal',
    'practice-it',
    'Flynotes does not know this licence key.',
    'Compare the key in the configuration with the one that Flynotes gave you.',
  ),
  LICENCE_SUSPENDED: entry('fatal', 'flynotes', 'This licence is suspended.', 'Contact Flynotes.'),
  LICENCE_ANSWER_INVALID: entry(
    'transient',
    'flynotes',
    'The answer about the licence could not be understood.',
    'Nothing to do in the practice; a proxy that changes answers is a possible cause.',
  ),
  AGENT_TOO_OLD: entry(
    'fatal',
    'flynotes',
    'This version is too old for Flynotes to speak to.',
    'Install a current version.',
  ),
  FLYNOTES_UNREACHABLE: entry(
    'transient',
    'practice-it',
    'Flynotes could not be reached.',
    'Check the internet connection, firewall and proxy; the agent goes on trying.',
  ),
  FLYNOTES_TIMEOUT: entry(
    'ambiguous',
    'practice-it',
    'Flynotes did not answer in time.',
    'Check the internet connection; the agent goes on trying.',
  ),
  FLYNOTES_UNAVAILABLE: entry(
    'transient',
    'flynotes',
    'Flynotes answered that it cannot serve at the moment.',
    'Nothing to do; the agent goes on trying.',
  ),
  FLYNOTES_ANSWER_INVALID: entry(
    'ambiguous',
    'flynotes',
    'An answer of Flynotes could not be understood.',
    'Nothing to do in the practice; a proxy that changes answers is a possible cause.',
  ),
  FLYNOTES_REFUSED: entry(
    'permanent',
    'flynotes',
    'Flynotes refused a request.',
    'Nothing to do in the practice; the report names the code that Flynotes gave.',
  ),
  FLYNOTES_NAME_UNRESOLVED: entry(
    'transient',
    'practice-it',
    'The name of Flynotes’ server could not be resolved.',
    'Check flynotesUrl in the configuration, the DNS server of this machine and the internet connection.',
  ),
  FLYNOTES_TLS_FAILED: entry(
    'transient',
    'practice-it',
    'No trusted encrypted connection to Flynotes could be made.',
    'Check this machine’s clock; where a firewall or virus scanner looks into TLS, exempt Flynotes or install its certificate on this machine.',
  ),
  FLYNOTES_INTERCEPTED: entry(
    'transient',
    'practice-it',
    'Something else than Flynotes answered: a login page, a filter or a proxy.',
    'Sign in to the network if it asks for that, and let the firewall or filter pass Flynotes’ address.',
  ),
  PROXY_REFUSED: entry(
    'transient',
    'practice-it',
    'The proxy does not let connections to Flynotes through.',
    'Check the proxy’s address, its user name and password, and that it allows Flynotes’ address.',
  ),
  REGISTRY_UNREACHABLE: entry(
    'transient',
    'practice-it',
    'The registry from which new versions come could not be reached.',
    'Let the firewall or proxy pass the registry’s address over HTTPS.',
  ),
  REGISTRY_REFUSED: entry(
    'permanent',
    'flynotes',
    'The registry from which new versions come refused the request.',
    'Nothing to do in the practice; Flynotes must renew the registry token, or publish a first release there (a 404 may mean either).',
  ),
  // The practice's database
  PRACTICE_UNREACHABLE: entry(
    'transient',
    'practice-it',
    'SQL Server could not be reached.',
    'Check that SQL Server runs, that its address and port are right, and that TCP/IP is enabled.',
  ),
  PRACTICE_NO_ANSWER: entry(
    'transient',
    'practice-it',
    'Nothing answered at SQL Server’s address in time.',
    'Check that the machine is on and that no firewall, there or between, drops the connection; SQL Server’s port must be let through.',
  ),
  PRACTICE_INSTANCE_NOT_FOUND: entry(
    'transient',
    'practice-it',
    'The named instance of SQL Server could not be found.',
    'Check the instance’s name, start the service SQL Server Browser and let UDP port 1434 through, or write the instance’s port in the configuration.',
  ),
  PRACTICE_NOT_FOUND: entry(
    'transient',
    'practice-it',
    'No SQL Server with R4’s database was found by itself.',
    'Write the server in the configuration, or mend what the message says of each place that was tried.',
  ),
  PRACTICE_SERVER_PAUSED: entry(
    'transient',
    'practice-it',
    'SQL Server lets nobody in at the moment: it is paused, or only administrators may connect.',
    'Resume the service, or end its maintenance; the agent goes on trying.',
  ),
  PRACTICE_SERVER_STOPPING: entry(
    'transient',
    'practice-it',
    'SQL Server is shutting down.',
    'Nothing to do if it is being restarted; the agent goes on trying.',
  ),
  PRACTICE_TIMEOUT: entry(
    'transient',
    'practice-it',
    'SQL Server did not answer in time.',
    'Check the server’s load; the agent goes on trying.',
  ),
  PRACTICE_CONNECTION_LOST: entry(
    'transient',
    'practice-it',
    'The connection to SQL Server broke.',
    'Nothing to do if it was restarted; the agent connects again.',
  ),
  PRACTICE_READER_ENDED: entry(
    'transient',
    'nobody-needed',
    'The process that holds the ODBC driver ended by itself.',
    'Nothing to do if it is rare: it is started again and the query repeated. Otherwise install the newest ODBC driver that supports this SQL Server.',
  ),
  PRACTICE_DRIVER_MISSING: entry(
    'fatal',
    'practice-it',
    'Windows authentication needs ODBC, and the agent’s native part for it cannot be loaded.',
    'Repair the installation of the agent, which brings msnodesqlv8 (on Linux install libodbc2 too), or use a SQL Server login.',
  ),
  PRACTICE_ODBC_DRIVER_MISSING: entry(
    'fatal',
    'practice-it',
    'The ODBC driver for SQL Server is not installed, or cannot be loaded.',
    'Install Microsoft’s ODBC Driver 17 for SQL Server (11 for SQL Server 2005), or name an installed one with Driver= in the connection string.',
  ),
  PRACTICE_LOGIN_FAILED: entry(
    'fatal',
    'practice-it',
    'SQL Server refused the login.',
    'Correct user and password in the configuration, or give the service account a login.',
  ),
  PRACTICE_LOGIN_DISABLED: entry(
    'fatal',
    'practice-it',
    'The login is disabled or locked in SQL Server.',
    'Enable or unlock the login in SQL Server.',
  ),
  PRACTICE_PASSWORD_EXPIRED: entry(
    'fatal',
    'practice-it',
    'The login’s password has expired or must be changed.',
    'Set a new password without expiry, and write it in the configuration.',
  ),
  PRACTICE_LOGIN_UNTRUSTED: entry(
    'fatal',
    'practice-it',
    'SQL Server does not accept the Windows account under which the agent runs.',
    'Run the service under an account that SQL Server’s machine knows (in a workgroup: the same name and password on both machines), or use a SQL Server login.',
  ),
  PRACTICE_DATABASE_UNAVAILABLE: entry(
    'fatal',
    'practice-it',
    'The login works, but the R4 database cannot be opened.',
    'Check the database’s name, that it is online, and that the login may open it.',
  ),
  PRACTICE_DATABASE_OFFLINE: entry(
    'transient',
    'practice-it',
    'The R4 database is offline or damaged.',
    'Bring the database online in SQL Server; the agent goes on trying.',
  ),
  PRACTICE_DATABASE_RESTORING: entry(
    'transient',
    'practice-it',
    'The R4 database is being restored or recovered.',
    'Wait for the end of the restore; the agent goes on trying.',
  ),
  PRACTICE_DATABASE_SINGLE_USER: entry(
    'transient',
    'practice-it',
    'The R4 database is in single-user mode, and somebody else is in it.',
    'Set the database to multi-user when the maintenance is over; the agent goes on trying.',
  ),
  PRACTICE_PERMISSION_DENIED: entry(
    'permanent',
    'practice-it',
    'The login may not read one of R4’s tables or columns.',
    'Grant SELECT on what the message names; the doctor prints the script.',
  ),
  PRACTICE_SCHEMA_UNSUPPORTED: entry(
    'fatal',
    'flynotes',
    'The database does not hold what must be there.',
    'Send the message to Flynotes; it names what was looked for.',
  ),
  PRACTICE_SCHEMA_CHANGED: entry(
    'transient',
    'nobody-needed',
    'A table or column that was there is no longer there.',
    'Nothing to do; the database is looked at again.',
  ),
  PRACTICE_DEADLOCK: entry(
    'transient',
    'nobody-needed',
    'SQL Server chose our query as deadlock victim.',
    'Nothing to do; the query is repeated.',
  ),
  PRACTICE_LOCK_TIMEOUT: entry(
    'transient',
    'nobody-needed',
    'A row was locked longer than we wait.',
    'Nothing to do; the query is repeated.',
  ),
  PRACTICE_QUERY_FAILED: entry(
    'permanent',
    'flynotes',
    'SQL Server refused a query.',
    'Send the message to Flynotes; it names the error number.',
  ),
  PRACTICE_TLS_FAILED: entry(
    'fatal',
    'practice-it',
    'No encrypted connection to SQL Server could be made.',
    'Let this machine trust the server’s certificate, or set TrustServerCertificate and Encrypt in the connection string to what the server offers.',
  ),
  PRACTICE_ENCRYPTION_REQUIRED: entry(
    'fatal',
    'practice-it',
    'SQL Server demands encryption, and the configuration forbids it.',
    'Take Encrypt=no out of the configuration; where the server’s certificate is its own, add TrustServerCertificate=yes.',
  ),
  PRACTICE_TLS_OLD: entry(
    'permanent',
    'practice-it',
    'SQL Server speaks only an outdated version of TLS.',
    'It works; update SQL Server where that is possible.',
  ),
  PRACTICE_INDEX_MISSING: entry(
    'permanent',
    'flynotes',
    'No index begins with the column by which a table of R4 is read.',
    'It works, but slower; Flynotes may look into it.',
  ),
  PRACTICE_WRITABLE: entry(
    'permanent',
    'practice-it',
    'The login has the right to write to R4’s database.',
    'Nothing is ever written; take the right away so that nothing can be.',
  ),
  PRACTICE_SYSADMIN: entry(
    'permanent',
    'practice-it',
    'The login rules the whole SQL Server, R4’s database included.',
    'Nothing is ever written; all the same, give the agent a login of its own that can only read.',
  ),
  PRACTICE_PARTS_MISSING: entry(
    'permanent',
    'flynotes',
    'Some of what is usually read was not found in this practice’s R4.',
    'It works without; send the names to Flynotes, who can say where to look.',
  ),
  PRACTICE_EMPTY: entry(
    'permanent',
    'practice-it',
    'The table of patients holds nobody.',
    'Check that the configuration names the database that R4 works with.',
  ),
  PRACTICE_OVERRIDE_INVALID: entry(
    'permanent',
    'flynotes',
    'A part of the schema map was replaced in a way that cannot be used.',
    'Flynotes must correct the override that the message names; it is left out until then.',
  ),
  QUESTIONNAIRE_PRESETS_UNKNOWN: entry(
    'permanent',
    'flynotes',
    'This practice’s R4 does not tell preset answers from a patient’s own words.',
    'Nothing is sent; map the answers with the practice.',
  ),
  QUESTIONNAIRE_QUESTIONS_UNKNOWN: entry(
    'permanent',
    'flynotes',
    'No table of questionnaire questions was found in this practice’s R4.',
    'Nothing is sent; tell Flynotes where the questions are.',
  ),
  // Records
  NAME_MISSING: entry(
    'permanent',
    'practice-it',
    'A patient has neither forename nor surname.',
    'Enter the patient’s name in R4.',
  ),
  PATIENT_CODE_INVALID: entry(
    'permanent',
    'practice-it',
    'A row of the patients’ table has no usable patient number.',
    'Look for the row in R4; it is counted and left out.',
  ),
  PATIENT_CODE_REPEATED: entry(
    'permanent',
    'practice-it',
    'Two rows of the patients’ table bear the same patient number.',
    'Look for the rows in R4; the first one counts.',
  ),
  RECORD_INVALID: entry(
    'permanent',
    'flynotes',
    'A patient’s record does not fit the contract.',
    'The report names the fields; nothing to do in the practice.',
  ),
  // Upload
  REQUEST_INVALID: entry(
    'permanent',
    'flynotes',
    'A request does not fit the contract.',
    'The answer names the fields.',
  ),
  REQUEST_TOO_LARGE: entry(
    'permanent',
    'flynotes',
    'A request is larger than Flynotes, or something on the way there, accepts.',
    'Batches are divided by themselves. Where it stays, raise the limit of the proxy or filter in between.',
  ),
  AUTHORIZATION_MISSING: entry(
    'permanent',
    'flynotes',
    'A request bore no usable authorisation.',
    'Send `Authorization: Bearer` with the licence key or the operator token.',
  ),
  OPERATOR_TOKEN_WRONG: entry(
    'permanent',
    'flynotes',
    'The operator token is missing or wrong.',
    'Send the token with which flynotes-server was started.',
  ),
  PRACTICE_ID_TAKEN: entry(
    'permanent',
    'flynotes',
    'There is a practice with this identifier already.',
    'Choose another identifier, or leave it to the server.',
  ),
  NOT_FOUND: entry(
    'permanent',
    'flynotes',
    'What was asked for does not exist.',
    'Check the address and the identifier.',
  ),
  BATCH_CONFLICT: entry(
    'permanent',
    'flynotes',
    'A batch number was sent twice with different content.',
    'The pass is begun anew.',
  ),
  PASS_UNKNOWN: entry(
    'permanent',
    'nobody-needed',
    'The bulk pass does not exist at Flynotes.',
    'Nothing to do; a new pass is begun.',
  ),
  PASS_ENDED: entry(
    'permanent',
    'nobody-needed',
    'The bulk pass has ended or expired at Flynotes.',
    'Nothing to do; a new pass is begun.',
  ),
  PARITY_FAILED: entry(
    'permanent',
    'flynotes',
    'After three rounds the practice and Flynotes still do not hold the same.',
    'Look at the differing buckets in the operator’s view.',
  ),
  REMOVALS_HELD_BACK: entry(
    'permanent',
    'practice-it',
    'More than half of the patients whom Flynotes holds are no longer in R4; nobody was removed.',
    'Check that the configuration names R4’s own database and that it is complete. If it is, ask Flynotes to confirm the removals; the next pass then carries them out.',
  ),
  FLYNOTES_KEEPS_FAILING: entry(
    'permanent',
    'flynotes',
    'Flynotes failed inside on the same request again and again, and the bulk pass was given up.',
    'Nothing to do in the practice; the next pass tries again. At Flynotes, look for the failing request in the server’s log.',
  ),
  SERVER_INTERNAL: entry(
    'transient',
    'flynotes',
    'Flynotes failed inside.',
    'Nothing to do in the practice; the request may be repeated.',
  ),
  // Queue and commands
  QUEUE_UNREACHABLE: entry(
    'transient',
    'practice-it',
    'The message queue could not be reached.',
    'Check that the firewall lets the server reach the queue’s address over HTTPS.',
  ),
  QUEUE_CREDENTIALS_EXPIRED: entry(
    'transient',
    'nobody-needed',
    'The queue’s credentials were refused as expired or unknown.',
    'Nothing to do; new ones are fetched.',
  ),
  QUEUE_MISSING: entry(
    'transient',
    'flynotes',
    'The message queue does not exist.',
    'Nothing to do in the practice; Flynotes must create it.',
  ),
  QUEUE_REFUSED: entry(
    'transient',
    'flynotes',
    'The message queue refused a request.',
    'Nothing to do in the practice; the report names the queue’s own code.',
  ),
  QUEUE_UNAVAILABLE: entry(
    'transient',
    'nobody-needed',
    'The message queue cannot serve at the moment.',
    'Nothing to do; the agent goes on trying.',
  ),
  MESSAGE_INVALID: entry(
    'permanent',
    'flynotes',
    'A message in the queue is not valid.',
    'It is left to the dead-letter queue; its sender must be mended.',
  ),
  MESSAGE_TYPE_UNKNOWN: entry(
    'transient',
    'nobody-needed',
    'A message is of a type that this version does not know.',
    'Nothing to do; the version is checked at once and the message comes back.',
  ),
  COMMAND_FAILED: entry(
    'transient',
    'flynotes',
    'A command failed for a reason that has no code of its own.',
    'Look at the report.',
  ),
  COMMAND_TIMEOUT: entry(
    'transient',
    'flynotes',
    'A command took longer than any should.',
    'Nothing to do; the message comes back and is tried again.',
  ),
  // Versions
  UPDATE_VERSION_DIFFERS: entry(
    'permanent',
    'nobody-needed',
    'Flynotes dictates another version than the one that runs.',
    'Nothing to do; the version is installed, or the start is tried again.',
  ),
  UPDATE_UNSIGNED: entry(
    'permanent',
    'flynotes',
    'Flynotes dictates a version without a signed release manifest.',
    'Add the manifest with `flynotes-server release add`; what runs goes on running.',
  ),
  UPDATE_DIRECTIVE_INVALID: entry(
    'permanent',
    'flynotes',
    'The directive about the version is not valid for this practice or has expired.',
    'What runs goes on running; Flynotes must issue a valid one.',
  ),
  UPDATE_SIGNATURE_WRONG: entry(
    'permanent',
    'flynotes',
    'The release that Flynotes dictates is signed by nobody whom the service host trusts.',
    'Sign the release with the key of the host’s keys.json and add it again; what runs goes on running.',
  ),
  UPDATE_MANIFEST_INVALID: entry(
    'permanent',
    'flynotes',
    'What was signed describes no release of this package, or another one than is dictated.',
    'Add the manifest that belongs to the dictated version; what runs goes on running.',
  ),
  UPDATE_NEEDS_NODE: entry(
    'permanent',
    'flynotes',
    'The release needs a newer Node.js than the service host brings.',
    'Install the newer service host here first, or dictate a release that runs on this Node.js.',
  ),
  UPDATE_NEEDS_HOST: entry(
    'permanent',
    'flynotes',
    'The release needs a newer service host than the one that is installed.',
    'Install the newer service host here first, or dictate a release that this one can run.',
  ),
  UPDATE_STATE_TOO_OLD: entry(
    'permanent',
    'flynotes',
    'The release cannot read the state database of the version that runs.',
    'Dictate a release with at least the state schema that the report names.',
  ),
  UPDATE_FETCH_FAILED: entry(
    'transient',
    'practice-it',
    'The release could not be fetched.',
    'Let this server reach the host that the report names over HTTPS; it is tried again each hour.',
  ),
  UPDATE_TOKEN_REFUSED: entry(
    'transient',
    'flynotes',
    'The registry refused the token that Flynotes gives for fetching releases.',
    'Give flynotes-server a token that may read the package; it is tried again each hour.',
  ),
  UPDATE_TARBALL_MISSING: entry(
    'transient',
    'flynotes',
    'The release is not where Flynotes says that it is.',
    'Publish the tarball, or add it with `flynotes-server release add`; it is tried again each hour.',
  ),
  UPDATE_TARBALL_WRONG: entry(
    'permanent',
    'flynotes',
    'What was fetched is not the tarball that was signed.',
    'Look into who changed it in the registry or on the way; what runs goes on running.',
  ),
  UPDATE_ARCHIVE_INVALID: entry(
    'permanent',
    'flynotes',
    'The signed tarball is no archive that may be unpacked.',
    'Build the release with `npm run release:build`; what runs goes on running.',
  ),
  UPDATE_FILES_WRONG: entry(
    'permanent',
    'flynotes',
    'The files of the tarball are not those that were signed.',
    'Build and sign the release anew; what runs goes on running.',
  ),
  UPDATE_STAGING_FAILED: entry(
    'transient',
    'practice-it',
    'The release could not be written into the data folder.',
    'Check that the service account may write there and that no virus scanner holds the files; it is tried again each hour.',
  ),
  UPDATE_QUARANTINED: entry(
    'permanent',
    'flynotes',
    'The dictated release was tried here and undone, because it did not work.',
    'Look at the reason in the heartbeat; mend the release, or raise the attempt to have this one tried again.',
  ),
  UPDATE_NOT_TAKEN: entry(
    'transient',
    'flynotes',
    'The release lies ready, but the service host did not start it.',
    'Look at the host’s log; it is offered again each hour.',
  ),
  UPDATE_KEYS_UNREADABLE: entry(
    'permanent',
    'practice-it',
    'The service host’s keys.json cannot be read, so that no release can be verified.',
    'Repair the installation of the service host; what runs goes on running.',
  ),
  // The machine
  STATE_UNUSABLE: entry(
    'fatal',
    'practice-it',
    'The state database cannot be opened or written.',
    'Check that the data folder exists, that the service account may write to it, and that it is not on a network drive.',
  ),
  STATE_IN_USE: entry(
    'fatal',
    'practice-it',
    'Another agent is already running with this data folder.',
    'End the other one, or give this one a data folder of its own.',
  ),
  DISK_FULL: entry(
    'transient',
    'practice-it',
    'The disk with the data folder is full.',
    'Free space on the disk; messages are still served where possible.',
  ),
  DISK_LOW: entry(
    'transient',
    'practice-it',
    'Little space is left on the disk with the data folder.',
    'Free space on the disk before it is full.',
  ),
  CLOCK_WRONG: entry(
    'permanent',
    'practice-it',
    'This machine’s clock is wrong.',
    'Let Windows set the time by itself; certificates and the queue’s credentials depend on it.',
  ),
  CRASH: entry(
    'fatal',
    'flynotes',
    'The agent met a fault that nobody foresaw and ended.',
    'Nothing to do; the host starts it again, and the fault is reported.',
  ),
  PREVIOUS_RUN_CRASHED: entry(
    'permanent',
    'flynotes',
    'The run before this one ended without saying why.',
    'Nothing to do if the machine lost power; otherwise Flynotes looks into it.',
  ),
  REPORT_UNDELIVERED: entry(
    'transient',
    'practice-it',
    'A report could not be delivered to Rollbar.',
    'Nothing to do if it passes; otherwise let the server reach Rollbar’s address over HTTPS. Reports are kept until then.',
  ),
  STOPPED_LATE: entry(
    'permanent',
    'flynotes',
    'Not everything in flight could be finished before the stop.',
    'Nothing to do; messages in flight come back.',
  ),
} as const satisfies Record<string, ErrorEntry>;

/** A code of the one error table. */
export type ErrorCode = keyof typeof errorTable;
