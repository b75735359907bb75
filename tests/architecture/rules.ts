import type { IForbiddenRuleType } from 'dependency-cruiser';

const agent = '^packages/carestream-server/src';
/** The areas of the agent that may be imported through their index alone. */
const areas = 'practice|records|upload|flynotes|queue|commands|update|telemetry|state|lifecycle|doctor';

/** What only tests import: rigs, fixtures, doubles. */
const testSupport = [
  '\\.test\\.ts$',
  '/testing/',
  '-rig\\.ts$',
  '\\.fixture\\.ts$',
  '/memory-engine\\.ts$',
  '/in-memory-[a-z-]+\\.ts$',
];

/** A library that stands in one folder and nowhere else. */
const onlyIn = (library: string, folders: string): IForbiddenRuleType => ({
  name: `${library}-in-one-place`,
  severity: 'error',
  comment: `${library} is used in ${folders} alone`,
  from: { path: '^packages/[^/]+/src', pathNot: [folders, ...testSupport] },
  to: { path: library },
});

/** The import rules of the house, as dependency-cruiser reads them. */
export const forbidden: IForbiddenRuleType[] = [
  {
    name: 'no-cycles',
    severity: 'error',
    from: {},
    to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
  },
  {
    name: 'contract-depends-on-zod-alone',
    severity: 'error',
    from: { path: `${agent}/contract/`, pathNot: testSupport },
    to: { pathNot: [`${agent}/contract/`, 'node_modules/zod/'] },
  },
  {
    name: 'records-are-pure',
    severity: 'error',
    from: { path: `${agent}/records/`, pathNot: testSupport },
    to: { pathNot: [`${agent}/(records|contract|runtime)/`, 'node_modules/temporal-polyfill/', 'node_modules/zod/'] },
  },
  {
    name: 'runtime-stands-below-the-areas',
    severity: 'error',
    from: { path: `${agent}/runtime/`, pathNot: testSupport },
    to: { path: `${agent}/(?:${areas}|cli|compose)` },
  },
  {
    name: 'neighbours-through-their-index',
    severity: 'error',
    from: { path: `${agent}/(${areas})/`, pathNot: testSupport },
    to: { path: `${agent}/(?:${areas})/`, pathNot: [`${agent}/$1/`, `${agent}/(?:${areas})/index\\.ts$`] },
  },
  {
    name: 'concrete-parts-in-compose-and-cli-alone',
    severity: 'error',
    from: { path: `${agent}/(?:${areas}|runtime|contract)/`, pathNot: testSupport },
    to: { path: `${agent}/(?:compose(?:\\.ts|/)|cli/)` },
  },
  {
    name: 'one-way-into-compose',
    severity: 'error',
    from: { path: `${agent}/`, pathNot: [`${agent}/compose(?:\\.ts|/)`, ...testSupport] },
    to: { path: `${agent}/compose/` },
  },
  onlyIn('node_modules/(mssql|tedious|msnodesqlv8)/', `${agent}/practice/|^packages/sandbox/src`),
  onlyIn(
    'node_modules/@(aws-sdk|smithy)/',
    `${agent}/queue/|^packages/flynotes-server/src/queue/|^packages/sandbox/src/sqs/`,
  ),
  // The embedded server's data folder, and the host's, are locked by a SQLite transaction, which no crash leaves behind.
  onlyIn(
    '^(node:)?sqlite$',
    `${agent}/state/|^packages/sandbox/src/r4-server/sql/|^packages/flynotes-server/src/database/data-dir-lock|^packages/service-host/src/host-lock`,
  ),
  onlyIn('node_modules/verdaccio/', '^packages/sandbox/src/registry/'),
  onlyIn('node_modules/(postgres|@electric-sql/pglite)/', '^packages/(flynotes-server/src/database|testkit/src)/'),
  {
    name: 'the-host-knows-nothing-of-the-agent',
    severity: 'error',
    from: { path: '^packages/service-host/src', pathNot: testSupport },
    to: { path: '^packages/(?!service-host)' },
  },
  {
    name: 'the-host-has-no-dependencies',
    severity: 'error',
    comment: 'what is installed once is Node and itself',
    from: { path: '^packages/service-host/src', pathNot: testSupport },
    to: { pathNot: ['^packages/service-host/src'], dependencyTypesNot: ['core'] },
  },
  {
    name: 'cloud-knows-only-the-contract',
    severity: 'error',
    from: { path: '^packages/flynotes-server/src', pathNot: testSupport },
    to: { path: '^packages/', pathNot: ['^packages/flynotes-server/', `${agent}/(?:index|messages|api)\\.ts$`] },
  },
  {
    name: 'the-agent-knows-no-other-package',
    severity: 'error',
    from: { path: `${agent}/`, pathNot: testSupport },
    to: { path: '^packages/(?!carestream-server/)' },
  },
  {
    name: 'testkit-from-tests-alone',
    severity: 'error',
    from: { path: '^packages/(?!testkit/)', pathNot: testSupport },
    to: { path: '^packages/testkit/' },
  },
  { name: 'nothing-unresolved', severity: 'error', from: { pathNot: testSupport }, to: { couldNotResolve: true } },
];
