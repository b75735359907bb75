/**
 * What wixl does not know or gets wrong (of 0.101: rollback actions, hidden targets, sequence numbers, secure properties, versions
 * of files), as SQL for msibuild.
 */

/** Installing without these in the log: MSI prints asterisks instead. */
const hidden = ['LICENCEKEY', 'ROLLBARTOKEN', 'R4DATABASE', 'SERVICEPASSWORD', 'Configure'];
/** What a user's own msiexec hands over to the installer service. */
const secure = [
  'LICENCEKEY',
  'FLYNOTESURL',
  'ROLLBARTOKEN',
  'R4DATABASE',
  'SERVICEACCOUNT',
  'SERVICEPASSWORD',
  'PURGE',
];

/** Bits of the CustomAction table's Type. */
const fromLibrary = 1;
const ignoreResult = 64;
const onRollback = 256;
const deferred = 1024;
const asSystem = 2048;
const hideTarget = 8192;

const leaving = 'REMOVE="ALL" AND NOT UPGRADINGPRODUCTCODE';
const staying = 'NOT (REMOVE="ALL")';

interface Action {
  readonly name: string;
  readonly type: number;
  readonly sequence: number;
  readonly condition: string;
}

/**
 * The installer library's actions and their places among the standard ones: InstallInitialize 1500, RemoveExistingProducts 1501,
 * StopServices 1900, RemoveFiles 3500, InstallFiles 4000, InstallFinalize 6600.
 */
const actions: readonly Action[] = [
  { name: 'Prepare', type: fromLibrary, sequence: 1450, condition: '' },
  // Before what it undoes, in this table and so in the script.
  {
    name: 'UndoStop',
    type: fromLibrary | ignoreResult | onRollback | deferred | asSystem,
    sequence: 1850,
    condition: '',
  },
  { name: 'StopService', type: fromLibrary | deferred | asSystem, sequence: 1860, condition: '' },
  {
    name: 'UndoConfigure',
    type: fromLibrary | ignoreResult | onRollback | deferred | asSystem,
    sequence: 5810,
    condition: staying,
  },
  { name: 'Configure', type: fromLibrary | deferred | asSystem | hideTarget, sequence: 5820, condition: staying },
  { name: 'LaunchService', type: fromLibrary | deferred | asSystem, sequence: 5910, condition: staying },
  // As late as can be: what fails before this leaves the service and the data as they are.
  { name: 'RemoveService', type: fromLibrary | deferred | asSystem, sequence: 6580, condition: leaving },
  { name: 'PurgeData', type: fromLibrary | deferred | asSystem, sequence: 6590, condition: `${leaving} AND PURGE="1"` },
];

/** Versions of files, by their key in the File table: without one an upgrade takes the old file for the newer one and drops it. */
export interface FileVersion {
  readonly file: string;
  readonly version: string;
}

/** @returns the statements, in order */
export function msiStatements(
  { upgradeCode, version }: { upgradeCode: string; version: string },
  versions: readonly FileVersion[],
): string[] {
  return [
    ...actions.flatMap(({ name, type, sequence, condition }) => [
      `INSERT INTO CustomAction (Action, Type, Source, Target) VALUES ('${name}', ${type}, 'InstallerLibrary', '${name}')`,
      `INSERT INTO InstallExecuteSequence (Action, Condition, Sequence) VALUES ('${name}', '${condition}', ${sequence})`,
    ]),
    // Inside the transaction: when the new version cannot be installed, the old one comes back.
    `UPDATE InstallExecuteSequence SET Sequence = 1501 WHERE Action = 'RemoveExistingProducts'`,
    // The same version again is an upgrade too, not a second product beside the first (VersionMaxInclusive is 512).
    `DELETE FROM Upgrade WHERE ActionProperty = 'WIX_UPGRADE_DETECTED'`,
    `INSERT INTO Upgrade (UpgradeCode, VersionMin, VersionMax, Attributes, ActionProperty) VALUES ('{${upgradeCode}}', '', '${version}', 513, 'WIX_UPGRADE_DETECTED')`,
    `UPDATE Property SET Value = '${['WIX_DOWNGRADE_DETECTED', 'WIX_UPGRADE_DETECTED', ...secure].join(';')}' WHERE Property = 'SecureCustomProperties'`,
    `INSERT INTO Property (Property, Value) VALUES ('MsiHiddenProperties', '${hidden.join(';')}')`,
    ...versions.flatMap((of) => [
      `UPDATE File SET Version = '${of.version}', Language = '1033' WHERE File = '${of.file}'`,
      `DELETE FROM MsiFileHash WHERE File_ = '${of.file}'`,
    ]),
  ];
}
