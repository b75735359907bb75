import { mkdirSync, writeFileSync } from 'node:fs';
import { builtinModules } from 'node:module';
import path from 'node:path';
import { build, type Plugin } from 'rolldown';
import { asciiOnly } from './ascii-only.ts';
import { noticesOf } from './notices.ts';
import { standIn } from './stand-ins.ts';
import { root } from './steps.ts';

const folder = path.join(root, 'packages/carestream-server');
const pluginFile = '\0agent-bundle:';

const builtins = new Set(builtinModules.flatMap((name) => [name, `node:${name}`]).concat('node:sqlite'));

/** One file evaluates what it imports from outside before anything else; so Node's own modules, too, are asked for when first needed. */
const onDemand: Plugin = {
  name: 'on-demand',
  resolveId(id, importer) {
    // The bundler's own part comes first, before modules can be asked for.
    if (importer?.startsWith('\0rolldown/')) return null;
    return standIn(id) !== undefined || builtins.has(id) ? `${pluginFile}${id}` : null;
  },
  load(id) {
    if (!id.startsWith(pluginFile)) return null;
    const name = id.slice(pluginFile.length);
    const code = standIn(name) ?? `module.exports = process.getBuiltinModule(${JSON.stringify(name)});`;
    return { code, moduleType: 'js', moduleSideEffects: false };
  },
};

/** Names another version than `src/version.ts` does, for releases that are made to be tried. */
const versionedAs = (version: string): Plugin => ({
  name: 'versioned-as',
  load: (id) =>
    id === path.join(folder, 'src/version.ts') ? `export const version = ${JSON.stringify(version)};` : null,
});

/**
 * Builds the agent's one file, with the licences of what is in it beside. Names and lines stay as a person can read them: stack traces
 * are all that a practice sends, and a shorter text would start no sooner.
 */
export async function buildAgent(file: string, options: { readonly version?: string } = {}): Promise<void> {
  const { output } = await build({
    input: { agent: path.join(folder, 'src/agent.ts') },
    cwd: root,
    platform: 'node',
    plugins: [onDemand, ...(options.version === undefined ? [] : [versionedAs(options.version)])],
    resolve: { conditionNames: ['@flynotes/source', 'import', 'default', 'node'] },
    // msnodesqlv8 names folders of its own package, which is not there.
    transform: { define: { __dirname: 'import.meta.dirname' } },
    output: {
      format: 'esm',
      codeSplitting: false,
      keepNames: true,
      comments: { legal: true, annotation: false, jsdoc: false },
    },
    write: false,
  });
  const [chunk] = output;
  const { dir } = path.parse(file);
  mkdirSync(dir, { recursive: true });
  writeFileSync(file, asciiOnly(chunk.code));
  writeFileSync(path.join(dir, 'licences.txt'), noticesOf(Object.keys(chunk.modules)));
}
