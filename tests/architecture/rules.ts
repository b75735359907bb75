import type { IForbiddenRuleType } from 'dependency-cruiser';

const agent = '^packages/carestream-server/src';
/** The areas of the agent that may be imported through their index alone. */
const areas = 'practice|records|upload|flynotes|queue|commands|update|telemetry|state|lifecycle';

/** A library that stands in one folder and nowhere else. */
const onlyIn = (library: string, folders: string): IForbiddenRuleType => ({
  name: `${library}-in-one-place`,
  severity: 'error',
  comment: `${library} is used in ${folders} alone`,
  from: { path: '^packages/[^/]+/src', pathNot: [folders, '\\.test\\.ts$', '(^|/)memory-engine\\.ts$'] },
  to: { path: library },
});

/** The import rules of the house, as dependency-cruiser reads them. */
export const forbidden: IForbiddenRuleType[] = [
  { name: 'no-cycles', severity: 'error', from: {}, to: { circular: true, dependencyTypesNot: ['type-only'] } },
  {
    name: 'contract-depends-on-zod-alone',
    severity: 'error',
    from: { path: `${agent}/contract/`, pathNot: '\\.test\\.ts$' },
    to: { pathNot: [`${agent}/contract/`, 'node_modules/zod/'] },
  },
  {
    name: 'records-are-pure',
    severity: 'error',
    from: { path: `${agent}/records/`, pathNot: '\\.test\\.ts$' },
    to: { pathNot: [`${agent}/(records|contract|runtime)/`, 'node_modules/temporal-polyfill/', 'node_modules/zod/'] },
  },
  {
    name: 'runtime-stands-below-the-areas',
    severity: 'error',
    from: { path: `${agent}/runtime/`, pathNot: '\\.test\\.ts$' },
    to: { path: `${agent}/(?:${areas}|cli|compose)` },
  },
  {
    name: 'neighbours-through-their-index',
    severity: 'error',
    from: { path: `${agent}/(${areas})/`, pathNot: '\\.test\\.ts$' },
    to: { path: `${agent}/(?:${areas})/`, pathNot: [`${agent}/$1/`, `${agent}/(?:${areas})/index\\.ts$`] },
  },
  {
    name: 'concrete-parts-in-compose-and-cli-alone',
    severity: 'error',
    from: { path: `${agent}/(?:${areas}|runtime|contract)/`, pathNot: '\\.test\\.ts$' },
    to: { path: `${agent}/(?:compose\\.ts|cli/)` },
  },
  onlyIn('node_modules/(mssql|tedious|msnodesqlv8)/', `${agent}/practice/|^packages/sandbox/src`),
  onlyIn(
    'node_modules/@(aws-sdk|smithy)/',
    `${agent}/queue/|^packages/flynotes-server/src/queue/|^packages/sandbox/src/sqs/`,
  ),
  onlyIn('^(node:)?sqlite$', `${agent}/state/|^packages/sandbox/src/r4-server/sql/`),
  onlyIn('node_modules/(postgres|@electric-sql/pglite)/', '^packages/(flynotes-server/src/database|testkit/src)/'),
  {
    name: 'the-host-knows-nothing-of-the-agent',
    severity: 'error',
    from: { path: '^packages/service-host/src' },
    to: { path: '^packages/(?!service-host)' },
  },
  {
    name: 'cloud-knows-only-the-contract',
    severity: 'error',
    from: { path: '^packages/flynotes-server/src', pathNot: '\\.test\\.ts$' },
    to: { path: '^packages/', pathNot: ['^packages/flynotes-server/', `${agent}/(?:index|messages|api)\\.ts$`] },
  },
  {
    name: 'the-agent-knows-no-other-package',
    severity: 'error',
    from: { path: `${agent}/`, pathNot: '\\.test\\.ts$' },
    to: { path: '^packages/(?!carestream-server/)' },
  },
  {
    name: 'testkit-from-tests-alone',
    severity: 'error',
    from: { path: '^packages/(?!testkit/)', pathNot: '\\.test\\.ts$' },
    to: { path: '^packages/testkit/' },
  },
  { name: 'nothing-unresolved', severity: 'error', from: { pathNot: '\\.test\\.ts$' }, to: { couldNotResolve: true } },
];
