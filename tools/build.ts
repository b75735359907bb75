import { rmSync } from 'node:fs';
import path from 'node:path';
import { build, type BuildOptions } from 'rolldown';
import { root, run, say } from './steps.ts';

const folder = path.join(root, 'packages/carestream-server');
const entry = (name: string) => path.join(folder, 'src', name);

/** Names the source condition first, so that the workspace's own packages are bundled from source. */
const conditionNames = ['@flynotes/source', 'import', 'default'];

/** The library for Node: zod stays outside, it is the one dependency. */
const forNode: BuildOptions = {
  input: {
    index: entry('index.ts'),
    messages: entry('messages.ts'),
    api: entry('api.ts'),
    cli: entry('cli/main.ts'),
    // Forked by the agent; the native driver itself stays outside.
    'odbc-reader': entry('practice/odbc/reader-main.ts'),
  },
  platform: 'node',
  external: [/^zod($|\/)/, /^node:/],
  resolve: { conditionNames: [...conditionNames, 'node'] },
  output: {
    dir: path.join(folder, 'dist'),
    format: 'esm',
    entryFileNames: '[name].js',
    chunkFileNames: 'parts/[name]-[hash].js',
  },
};

/** The library for browsers: one file each, zod inside, so that a plain CDN address works. */
const forBrowser = (name: string): BuildOptions => ({
  input: { [name]: entry(`${name}.ts`) },
  platform: 'browser',
  resolve: { conditionNames: [...conditionNames, 'browser'] },
  output: {
    dir: path.join(folder, 'dist/browser'),
    format: 'esm',
    entryFileNames: name === 'browser' ? 'index.js' : '[name].js',
    minify: true,
    codeSplitting: false,
  },
});

/** Builds what is published into `packages/carestream-server/dist`. */
export async function buildPackage(): Promise<boolean> {
  rmSync(path.join(folder, 'dist'), { recursive: true, force: true });
  await build([forNode, forBrowser('browser'), forBrowser('messages')]);
  return run('declarations', ['tsc', '-p', 'packages/carestream-server/tsconfig.build.json']).passed;
}

if (import.meta.main) {
  const built = await buildPackage();
  say(built ? 'built packages/carestream-server/dist' : 'the build FAILED');
  process.exitCode = built ? 0 : 1;
}
