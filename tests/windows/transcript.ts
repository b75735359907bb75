import { appendFileSync } from 'node:fs';

/** What a run showed, for the guide. */
export interface Transcript {
  /** What the following shows. */
  title(text: string): void;
  /** A command as somebody would type it. */
  command(text: string): void;
  /** What it said, or what was seen. */
  seen(text: string): void;
}

/** Written to the file that CARESTREAM_WINDOWS_TRANSCRIPT names; without one, nowhere. */
export function createTranscript(replace: readonly (readonly [string, string])[]): Transcript {
  const file = process.env['CARESTREAM_WINDOWS_TRANSCRIPT'];
  const add = (text: string): void => {
    if (file === undefined || file === '') return;
    appendFileSync(file, `${replace.reduce((all, [what, by]) => all.replaceAll(what, by), text)}\n`);
  };
  return {
    title: (text) => add(`\n# ${text}`),
    command: (text) => add(`> ${text}`),
    seen: (text) => add(text.trimEnd().replaceAll(/^/gm, '  ')),
  };
}
