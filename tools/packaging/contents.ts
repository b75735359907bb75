import { readFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import path from 'node:path';
import { root } from '../steps.ts';

/** What a package may hold. */
const expected = [
  /^package\.json$/,
  /^README\.md$/,
  /^bin\/carestream-server\.js$/,
  /^agent\/(?:agent\.mjs|licences\.txt)$/,
  /^dist\/(?:index|messages|api|browser)\.(?:js|d\.ts)$/,
  /^dist\/browser\/(?:index|messages)\.js$/,
  /^dist\/parts\/[\w-]+\.js$/,
  /^dist\/(?:contract|lifecycle|runtime)\/[\w-]+\.d\.ts$/,
  /^dist\/(?:start-options|version)\.d\.ts$/,
];
/** What it must hold. */
const needed = [
  'agent/agent.mjs',
  'agent/licences.txt',
  'bin/carestream-server.js',
  'dist/index.js',
  'dist/index.d.ts',
  'dist/messages.js',
  'dist/messages.d.ts',
  'dist/api.js',
  'dist/api.d.ts',
  'dist/browser/index.js',
  'dist/browser/messages.js',
];
/** The agent travels to every practice whenever it changes. */
const agentMostBytes = 4_000_000;

/** What is wrong with the files of a package that lies unpacked in a folder. */
export function faultsOf(folder: string, files: readonly string[]): string[] {
  const faults = [
    ...files.filter((file) => !expected.some((each) => each.test(file))).map((file) => `${file} has no business there`),
    ...needed.filter((file) => !files.includes(file)).map((file) => `${file} is missing`),
  ];
  const places = [root, homedir(), tmpdir()].filter((place) => place.length > 3 && place !== '/root');
  for (const file of files) {
    const bytes = readFileSync(path.join(folder, file));
    for (const place of places) {
      if (bytes.includes(`${place}/`)) faults.push(`${file} names a folder of this machine: ${place}`);
    }
    if (file === 'agent/agent.mjs') faults.push(...faultsOfAgent(bytes));
  }
  return faults;
}

function faultsOfAgent(bytes: Buffer): string[] {
  const text = bytes.toString('latin1');
  const faults: string[] = [];
  if (bytes.length > agentMostBytes) faults.push(`the agent has ${bytes.length} bytes`);
  if (bytes.some((byte) => byte > 0x7f)) faults.push('the agent is not plain ASCII');
  if (/^import[\s{"']/m.test(text)) faults.push('the agent imports before it is asked to');
  for (const absent of ['node_modules/@azure/', 'node_modules/@aws-sdk/credential-provider']) {
    if (text.includes(`//#region ${absent}`) || text.includes(`// ${absent}`)) faults.push(`the agent holds ${absent}`);
  }
  return faults;
}
