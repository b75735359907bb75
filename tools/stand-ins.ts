import { hostEnvironment, nativeFiles } from '../packages/carestream-server/src/contract/host-names.ts';

/** Ways to log in to clouds that the agent does not have: 46 MB of packages that tedious and the SDK would load at their start. */
const withoutClouds: Readonly<Record<string, readonly string[]>> = {
  '@azure/identity': [
    'UsernamePasswordCredential',
    'ManagedIdentityCredential',
    'DefaultAzureCredential',
    'ClientSecretCredential',
  ],
  '@azure/keyvault-keys': ['CryptographyClient', 'KeyClient'],
  '@aws-sdk/credential-provider-node': ['defaultProvider'],
};

/** What stands in for a module of the bundle, as CommonJS; undefined for those that are in it themselves. */
export function standIn(id: string): string | undefined {
  const names = withoutClouds[id];
  if (names !== undefined) {
    const refusal = `throw new Error(${JSON.stringify(`${id} is not part of the agent: this way to log in is not supported.`)})`;
    return names.map((name) => `exports.${name} = function ${name}() { ${refusal}; };`).join('\n');
  }
  switch (id) {
    case '@azure/core-auth':
      return 'exports.isTokenCredential = () => false;';
    // What it prints when the environment has DEBUG quotes queries and rows.
    case 'debug':
      return 'module.exports = () => Object.assign(() => undefined, { enabled: false });';
    case 'readable-stream':
      return `module.exports = process.getBuiltinModule('node:stream');`;
    // msnodesqlv8 asks for its binary in these two ways: a build of one's own, then the one that fits the machine.
    case '../build/Debug/sqlserver.node':
      return `throw new Error('There is no build of one’s own.');`;
    case 'node-gyp-build':
      return [
        'module.exports = () => {',
        `  const { join } = process.getBuiltinModule('node:path');`,
        '  const loaded = { exports: {} };',
        `  process.dlopen(loaded, join(process.env.${hostEnvironment.nativeDir}, '${nativeFiles.odbcDriver}'));`,
        '  return loaded.exports;',
        '};',
      ].join('\n');
    default:
      return undefined;
  }
}
