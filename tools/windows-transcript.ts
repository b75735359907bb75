import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { distribution } from './provision.ts';
import { root, run, say } from './steps.ts';

const guide = path.join(root, 'docs/guide/windows.md');
const begin = /<!-- transcript[^>]*-->\n/;
const end = '<!-- /transcript -->';

/** Runs the Windows suite and puts what it showed into the guide. Nothing is written after a run that failed. */
const folder = mkdtempSync(path.join(tmpdir(), 'carestream-transcript-'));
try {
  const file = path.join(folder, 'transcript.txt');
  const { passed } = run('windows', ['vitest', 'run', '--project', 'windows'], { CARESTREAM_WINDOWS_TRANSCRIPT: file });
  if (passed) {
    const text = readFileSync(guide, 'utf8');
    const mark = begin.exec(text);
    const closing = text.indexOf(end);
    if (mark === null || closing < mark.index) throw new Error('the guide has no place for a transcript');
    const shown = `A run on ${distribution()}:\n\n\`\`\`\n${readFileSync(file, 'utf8').trim()}\n\`\`\`\n\n`;
    writeFileSync(guide, text.slice(0, mark.index + mark[0].length) + shown + text.slice(closing));
    say(`renewed ${path.relative(root, guide)}`);
  } else {
    process.exitCode = 1;
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
