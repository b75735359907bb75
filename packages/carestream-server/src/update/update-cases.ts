import type { ErrorCode } from '../contract/index.ts';

/** What can go wrong with a release or a directive, and what comes of it. The page on security is made from this. */
export interface UpdateCase {
  readonly name: string;
  readonly what: string;
  readonly outcome: string;
  readonly by: 'agent' | 'host';
  /** The file of the test that does it. */
  readonly test: string;
}

/** A case of the agent's, with the code that it reports. */
export interface AgentUpdateCase extends UpdateCase {
  readonly by: 'agent';
  readonly code: ErrorCode;
}

const test = 'packages/carestream-server/src/update/refused.wire.test.ts';

function refused(code: ErrorCode, when: string, cases: Readonly<Record<string, string>>): AgentUpdateCase[] {
  return Object.entries(cases).map(([name, what]) => ({
    name,
    what,
    outcome: `refused ${when}; what runs goes on running`,
    by: 'agent',
    test,
    code,
  }));
}

/** Every case of the agent's; the test runs exactly these. */
export const agentUpdateCases: readonly AgentUpdateCase[] = [
  ...refused('UPDATE_DIRECTIVE_INVALID', 'before the release is looked at', {
    'directive-wrong-key': 'A directive by a key that the host does not pin',
    'directive-forged': 'A directive by a stranger, under the id of the right key',
    'directive-replayed': 'An old licence answer, played again',
    'directive-expired': 'A directive that has expired',
    'directive-of-another-practice': 'A directive for another practice',
    'directive-older': 'A directive older than one that was accepted',
    'directive-older-than-the-host-knows':
      'A directive older than one that the host accepted, after the agent lost its state',
    'directive-below-the-floor': 'A directive for a version below its own floor',
    'directive-floor-lowered': 'A directive whose floor is lower than one that was accepted',
    'clock-a-year-ahead': 'This machine’s clock is a year ahead: every directive looks expired',
  }),
  ...refused('UPDATE_KEYS_UNREADABLE', 'before the directive is looked at', {
    'keys-damaged': 'The host’s keys.json is damaged',
    'keys-missing': 'The host’s keys.json is not there',
  }),
  ...refused('UPDATE_UNSIGNED', 'before anything is fetched', {
    unsigned: 'A version without a signed manifest',
    'no-release-named': 'A directive that names no release',
  }),
  ...refused('UPDATE_SIGNATURE_WRONG', 'before anything is fetched', {
    'manifest-wrong-key': 'A manifest by a key that the host does not pin',
    'manifest-forged': 'A manifest by a stranger, under the id of the right key',
    'manifest-by-the-online-key': 'A manifest by the key that signs directives: the cloud was taken over',
    'manifest-signed-for-another-purpose': 'A signature that was made for something else',
    'manifest-changed': 'A manifest changed after signing',
  }),
  ...refused('UPDATE_MANIFEST_INVALID', 'before anything is fetched', {
    'another-package': 'A genuine signature over another package',
    'old-release-as-new': 'The genuine manifest of another version',
    'another-release-of-the-version': 'The genuine manifest of another build of that version',
    'manifest-with-a-bad-path': 'A signed manifest that names a path outside the release',
    'manifest-unreadable': 'Signed bytes that are no manifest',
  }),
  ...refused('UPDATE_NEEDS_NODE', 'before anything is fetched', { 'needs-node': 'A release for a newer Node.js' }),
  ...refused('UPDATE_NEEDS_HOST', 'before anything is fetched', { 'needs-host': 'A release for a newer service host' }),
  ...refused('UPDATE_STATE_TOO_OLD', 'before anything is fetched', {
    'state-too-old': 'A release that cannot read the state database',
  }),
  ...refused('DISK_LOW', 'before anything is fetched', { 'disk-low': 'Too little space for the release' }),
  ...refused('UPDATE_FETCH_FAILED', 'and tried again each hour', {
    'registry-away': 'The registry cannot be reached',
    'registry-silent': 'The registry takes the connection and says nothing',
    'registry-nonsense': 'Something else answers in the registry’s place',
    'registry-endless': 'An answer of the registry that never ends',
    'redirects-in-a-circle': 'Redirects that lead nowhere',
  }),
  ...refused('UPDATE_TOKEN_REFUSED', 'and tried again each hour', {
    'token-refused': 'A token that the registry does not know',
  }),
  ...refused('UPDATE_TARBALL_MISSING', 'and tried again each hour', {
    'not-published': 'A signed version that nobody published',
    'address-gone': 'An address of Flynotes at which nothing lies any more',
    'no-place-named': 'A signed version for which no place is named',
  }),
  ...refused('UPDATE_TARBALL_WRONG', 'before it is decompressed', {
    'tarball-swapped': 'The tarball was exchanged in the registry',
    'tarball-and-packument-swapped': 'The tarball was exchanged, and what the registry says of its hashes too',
    'stolen-publisher-token': 'A thief of the publisher’s token published the dictated version first',
    'tarball-same-size': 'A tarball of the right size that unpacks to the right files, one byte of it changed',
    'tarball-truncated': 'A tarball that was cut off',
    'tarball-empty': 'An empty tarball',
    'tarball-oversized': 'A tarball with bytes behind its end',
    'bomb-unsigned': 'A decompression bomb that nobody signed',
    'address-lies': 'Other bytes at the address that Flynotes gives, and no registry',
  }),
  ...refused('UPDATE_ARCHIVE_INVALID', 'while it is unpacked, and nothing of it is kept', {
    'bomb-signed': 'A decompression bomb, signed',
    'not-gzip': 'Signed bytes that are no archive',
    'archive-cut-off': 'A signed archive that ends in the middle of a file',
    'path-traversal': 'A file above its folder (`../`), signed',
    'path-absolute': 'A file at an absolute path, signed',
    'path-drive-letter': 'A file on a drive of its own (`C:`), signed',
    'path-alternate-stream': 'A file in an alternate data stream (`a.mjs:x`), signed',
    'path-backslash': 'A path with backslashes, signed',
    'path-reserved-name': 'A file with a name that Windows keeps (`nul.txt`), signed',
    'path-trailing-dot': 'A file whose name ends in a dot, signed',
    'path-outside-the-package': 'A file beside the package’s folder, signed',
    'link-symbolic': 'A symbolic link, signed',
    'link-hard': 'A hard link, signed',
    device: 'A device, signed',
    'long-name-extension': 'A name hidden in a pax header, signed',
    'bytes-behind-the-end': 'A second archive behind the end of the first, signed',
    'file-twice': 'The same file twice, signed',
  }),
  ...refused('UPDATE_FILES_WRONG', 'while it is unpacked, and nothing of it is kept', {
    'file-changed': 'A file that is not the one in the signed manifest',
    'file-added': 'A file that the signed manifest does not name',
    'file-case-duplicate': 'A file that differs from a signed one in case alone',
    'file-missing': 'A file of the signed manifest that is not in the tarball',
  }),
  ...refused('UPDATE_QUARANTINED', 'without being fetched, until a directive raises the attempt', {
    quarantined: 'A release that the host has undone here',
  }),
  ...refused('UPDATE_NOT_TAKEN', 'for an hour, instead of ending again and again', {
    'not-taken': 'A staged release that the host does not start',
  }),
];
