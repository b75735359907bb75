/** Looks at every layer between the configuration and Rollbar, and says in plain words what is wrong and how to mend it. */
export { examine, examineBroken, type Examination } from './examine.ts';
export { checkNames, type CheckName, type CheckResult, type CheckStatus } from './check.ts';
export { closingOf, jsonOf, lineOf } from './readable.ts';
export { grantScript, type GrantAccount, type GrantSubject } from './grant-script.ts';
export type { DoctorPorts, FlynotesAddress, FolderFacts, Knock, OpenedPractice, Tally } from './ports.ts';
export { statusOf, type Status, type StatusSource } from './status.ts';
export { statusPage } from './status-page.ts';
