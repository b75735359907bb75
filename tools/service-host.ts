import path from 'node:path';
import { build, type BuildOptions } from 'rolldown';
import { root, say } from './steps.ts';

const source = path.join(root, 'packages/service-host/src');

const bundleOf = (name: string, entry: string, outDir: string): BuildOptions => ({
  input: { [name]: path.join(source, entry) },
  platform: 'node',
  external: [/^node:/],
  output: { dir: outDir, format: 'esm', entryFileNames: '[name].mjs', codeSplitting: false },
  logLevel: 'warn',
});

/** Builds what the installers lay down, one file each and without dependencies: `supervisor.mjs`, and `carestream-service.mjs` for Linux. */
export async function buildServiceHost(outDir: string): Promise<void> {
  await build([
    bundleOf('supervisor', 'supervisor-main.ts', outDir),
    bundleOf('carestream-service', 'service-main.ts', outDir),
  ]);
}

if (import.meta.main) {
  const outDir = path.resolve(process.argv[2] ?? path.join(root, 'packages/service-host/dist'));
  await buildServiceHost(outDir);
  say(`built ${outDir}`);
}
