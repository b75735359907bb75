import { rmSync } from 'node:fs';
import path from 'node:path';
import { build, type BuildOptions, type Plugin } from 'rolldown';
import { buildAgent } from './agent-bundle.ts';
import { keepReachable } from './declarations.ts';
import { root, run, say } from './steps.ts';

const folder = path.join(root, 'packages/carestream-server');
const entry = (name: string) => path.join(folder, 'src', name);

/** Names the source condition first, so that the workspace's own packages are bundled from source. */
const conditionNames = ['@flynotes/source', 'import', 'default'];

/** The library does not hold the agent a second time: `start` loads the file that a host runs. */
const agentBeside: Plugin = {
  name: 'agent-beside',
  resolveId(id, importer) {
    if (id !== './start.ts' || importer !== entry('index.ts')) return null;
    return { id: '../agent/agent.mjs', external: true };
  },
};

/** The library for Node: zod stays outside, it is the one dependency. */
const forNode = (to: string): BuildOptions => ({
  input: { index: entry('index.ts'), messages: entry('messages.ts'), api: entry('api.ts') },
  cwd: root,
  platform: 'node',
  plugins: [agentBeside],
  external: [/^zod($|\/)/, /^node:/],
  resolve: { conditionNames: [...conditionNames, 'node'] },
  output: {
    dir: path.join(to, 'dist'),
    format: 'esm',
    entryFileNames: '[name].js',
    chunkFileNames: 'parts/[name]-[hash].js',
  },
});

/** The library for browsers: one file each, zod inside, so that a plain CDN address works. */
const forBrowser = (name: string, to: string): BuildOptions => ({
  input: { [name]: entry(`${name}.ts`) },
  cwd: root,
  platform: 'browser',
  resolve: { conditionNames: [...conditionNames, 'browser'] },
  output: {
    dir: path.join(to, 'dist/browser'),
    format: 'esm',
    entryFileNames: name === 'browser' ? 'index.js' : '[name].js',
    minify: true,
    codeSplitting: false,
  },
});

/** Builds what is published: the library in `dist`, the agent in `agent`. */
export async function buildPackage(to: string = folder): Promise<boolean> {
  const dist = path.join(to, 'dist');
  for (const built of [dist, path.join(to, 'agent')]) rmSync(built, { recursive: true, force: true });
  await buildAgent(path.join(to, 'agent/agent.mjs'));
  await build([forNode(to), forBrowser('browser', to), forBrowser('messages', to)]);
  const settings = ['-p', 'packages/carestream-server/tsconfig.build.json', '--outDir', dist];
  if (!run('declarations', ['tsc', ...settings]).passed) return false;
  keepReachable(dist, ['index.d.ts', 'messages.d.ts', 'api.d.ts', 'browser.d.ts']);
  return true;
}

if (import.meta.main) {
  const built = await buildPackage();
  say(built ? 'built packages/carestream-server/{dist,agent}' : 'the build FAILED');
  process.exitCode = built ? 0 : 1;
}
