/** One thing that may go wrong with an update, and what the host makes of it. */
export interface HostUpdateCase {
  readonly name: string;
  /** What is wrong, as a person would say it. */
  readonly what: string;
  /** Refused, undone, survived or allowed, and what then runs. */
  readonly outcome: string;
  readonly by: 'host';
  /** Where it is shown; the test bears the case's name. */
  readonly test: string;
}

const folder = 'packages/service-host/src';
const refusedTest = `${folder}/updates-refused.wire.test.ts`;
const undoneTest = `${folder}/updates-undone.wire.test.ts`;
const survivedTest = `${folder}/updates-survived.wire.test.ts`;
const interruptions = `${folder}/interruptions.wire.test.ts`;

const rows = [
  [
    'file-missing',
    'A file is missing after staging',
    'Refused',
    'Stable runs on; the release is quarantined and the file named',
    refusedTest,
  ],
  [
    'file-added',
    'A file was added after staging',
    'Refused',
    'Stable runs on; the release is quarantined and the file named',
    refusedTest,
  ],
  [
    'file-changed',
    'A file was changed after staging',
    'Refused',
    'Stable runs on; the release is quarantined and the file named',
    refusedTest,
  ],
  [
    'file-linked',
    'A file was replaced by a link after staging',
    'Refused',
    'Stable runs on; the release is quarantined and the file named',
    refusedTest,
  ],
  [
    'unsigned-staged',
    'A folder without a signature was staged',
    'Refused',
    'Stable runs on; the release is quarantined',
    refusedTest,
  ],
  [
    'stranger-signed',
    'A release signed by a key that is not pinned was staged',
    'Refused',
    'Stable runs on; the release is quarantined',
    refusedTest,
  ],
  [
    'another-package',
    'A genuine release of another package was staged',
    'Refused',
    'Stable runs on; the release is quarantined',
    refusedTest,
  ],
  [
    'digest-differs',
    'The directive names another digest than the folder holds',
    'Refused',
    'Stable runs on',
    refusedTest,
  ],
  [
    'forged-directive',
    'The directive is signed by the release key, a stranger, or nobody',
    'Refused',
    'Stable runs on',
    refusedTest,
  ],
  ['replayed-directive', 'An older directive is played again', 'Refused', 'Stable runs on', refusedTest],
  [
    'below-the-floor',
    'A directive dictates a version below its floor, or lowers the floor',
    'Refused',
    'Stable runs on',
    refusedTest,
  ],
  [
    'downgrade',
    'A newer directive dictates an older version',
    'Allowed',
    'The older version is tried, proven and kept',
    survivedTest,
  ],
  [
    'needs-another-node',
    'The release asks for another Node than the host has',
    'Refused',
    'Stable runs on; the release is quarantined with both versions named',
    refusedTest,
  ],
  [
    'needs-newer-host',
    'The release needs a newer host',
    'Refused',
    'Stable runs on; the release is quarantined with both versions named',
    refusedTest,
  ],
  [
    'throws-at-import',
    'The new version throws while it is imported',
    'Undone',
    'Stable runs; the release is quarantined',
    undoneTest,
  ],
  [
    'throws-at-start',
    'The new version throws at start',
    'Undone',
    'Stable runs; the release is quarantined',
    undoneTest,
  ],
  [
    'exits-0-at-once',
    'The new version exits with 0 at once, again and again',
    'Undone',
    'Stable runs; the release is quarantined',
    undoneTest,
  ],
  [
    'hangs-at-start',
    'The new version hangs at start',
    'Undone',
    'It is killed; stable runs; the release is quarantined',
    undoneTest,
  ],
  [
    'cannot-read-r4',
    'The new version runs, but cannot read R4 where stable can',
    'Undone',
    'Stable runs; the release is quarantined',
    undoneTest,
  ],
  [
    'cannot-reach-the-queue',
    'The new version runs, but cannot reach the queue where stable can',
    'Undone',
    'Stable runs; the release is quarantined',
    undoneTest,
  ],
  [
    'cannot-work-as-configured',
    'The new version says it cannot work as configured where stable can',
    'Undone',
    'Stable runs at once; the release is quarantined',
    undoneTest,
  ],
  [
    'crashes-in-the-soak',
    'The new version is healthy, then crashes within the soak',
    'Undone',
    'Stable runs; the release is quarantined',
    undoneTest,
  ],
  [
    'flaps',
    'The new version is healthy and not, in turns',
    'Undone',
    'Stable runs; the release is quarantined',
    undoneTest,
  ],
  [
    'grows-beyond-its-heap',
    'The new version grows beyond its heap',
    'Undone',
    'Node ends it; stable runs; the release is quarantined',
    undoneTest,
  ],
  [
    'hangs-after-it-was-healthy',
    'The new version tells its health once and then hangs',
    'Undone',
    'It is killed; stable runs; the release is quarantined',
    undoneTest,
  ],
  [
    'world-broken',
    'R4 is away during the new version’s soak, for stable too',
    'Survived',
    'Nothing is blamed; the new version is proven once R4 is back',
    survivedTest,
  ],
  [
    'quarantined-again',
    'A quarantined release is staged again',
    'Refused',
    'Only a directive with a higher attempt has it tried once more',
    undoneTest,
  ],
  [
    'stable-crashes-later',
    'A proven version starts to crash later, before it can fetch another',
    'Undone',
    'The one before it runs; the release is quarantined',
    undoneTest,
  ],
  [
    'stable-out-of-reach',
    'A proven version no longer reaches Flynotes, and so can never be told to change',
    'Undone',
    'After a day the one before it is compared with it: where that one does reach Flynotes, the release is quarantined',
    undoneTest,
  ],
  [
    'stable-damaged',
    'A file of the proven version is lost',
    'Survived',
    'The one before it runs; without one, the one that the installer brought',
    survivedTest,
  ],
  [
    'everything-damaged',
    'All of the data folder’s releases and both slots are damaged',
    'Survived',
    'The release that the installer brought runs',
    survivedTest,
  ],
  [
    'both-slots-damaged',
    'Both state slots are damaged',
    'Survived',
    'The state is rebuilt from what is on disk; what was on trial is on trial again',
    survivedTest,
  ],
  [
    'slots-torn',
    'A state slot is cut short, or filled with zeros, at any byte',
    'Survived',
    'The other one counts',
    `${folder}/slots.test.ts`,
  ],
  [
    'keys-missing',
    'The host’s keys cannot be read',
    'Refused',
    'Nothing is run that cannot be verified; the host looks again until they can',
    refusedTest,
  ],
  [
    'directive-key-replaced',
    'A thief of the online key raised sequence and floor beyond everything; keys.json now pins another key',
    'Survived',
    'What the old key raised binds nobody any more: directives by the new one count at once',
    survivedTest,
  ],
  [
    'disk-full',
    'The disk is full at each step',
    'Survived',
    'Stable runs; the new version is tried once there is room',
    interruptions,
  ],
  [
    'killed-at-each-step',
    'kill -9 of the host at each step',
    'Survived',
    'The next host goes on; a good version is kept, a bad one undone',
    interruptions,
  ],
  [
    'killed-at-random',
    'kill -9 of the host at random moments while switching',
    'Survived',
    'Always a verified version runs, and the good one in the end',
    interruptions,
  ],
  [
    'reboots-burn-no-try',
    'Power cuts, reboots and stops during a trial',
    'Survived',
    'They count for no try; the trial goes on',
    interruptions,
  ],
  [
    'takes-the-host-along',
    'The new version takes its host or machine down each time',
    'Undone',
    'After ten such ends stable runs; the release is quarantined',
    interruptions,
  ],
  [
    'clock-a-year-off',
    'The clock is a year off',
    'Survived',
    'All waiting is by the monotonic clock: updates as usual',
    interruptions,
  ],
  [
    'second-host',
    'A second host is started beside the first',
    'Refused',
    'The second waits, then ends; the first runs on',
    interruptions,
  ],
] as const;

/** Every case that the host answers for. `docs/security/updates.md` is made from it. */
export const hostUpdateCases: readonly HostUpdateCase[] = rows.map(([name, what, word, afterwards, test]) => ({
  name,
  what,
  outcome: `${word}. ${afterwards}`,
  by: 'host',
  test,
}));

/** The title of the test of a case. */
export function titleOf(name: (typeof rows)[number][0]): string {
  const found = hostUpdateCases.find((each) => each.name === name);
  return `${name}: ${found?.what} – ${found?.outcome}`;
}
