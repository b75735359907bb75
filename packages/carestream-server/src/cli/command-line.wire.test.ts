import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { expect, test } from 'vitest';

const main = path.join(import.meta.dirname, 'main.ts');

/** Runs the command line with something that goes wrong in it, as a driver's own callback may. */
function crashing(words: readonly string[], crash: string) {
  const preload = `data:text/javascript,${encodeURIComponent(crash)}`;
  return spawnSync(process.execPath, ['--conditions=@flynotes/source', '--import', preload, main, ...words], {
    encoding: 'utf8',
    env: { PATH: process.env['PATH'] },
  });
}

test.each([
  ['thrown', 'setImmediate(() => { throw new Error("Conversion failed: Ann Smith"); });'],
  ['rejected', 'setImmediate(() => void Promise.reject(new Error("Conversion failed: Ann Smith")));'],
  [
    'with a message of several lines',
    'setImmediate(() => { throw new Error("first\\n  Ann Smith\\nat Ann Smith\\n\\tat Ann Smith"); });',
  ],
  ['that is no error', 'setImmediate(() => { throw "Ann Smith"; });'],
])('a crash, %s, tells where it happened and nothing of what it says', (_, crash) => {
  const late = `const hold = setInterval(() => undefined, 10); setTimeout(() => { clearInterval(hold); ${crash} }, 200);`;
  const { status, stdout, stderr } = crashing(['status', '--config', 'nowhere.json'], late);
  expect(stdout).toBe('');
  expect(stderr).toContain('CONFIG_FILE_MISSING');
  expect(stderr).toContain('carestream-server: CRASH');
  expect(stderr).not.toContain('Smith');
  expect(status).toBe(2);
});
