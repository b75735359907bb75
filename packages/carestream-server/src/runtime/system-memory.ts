import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

type Collect = (options: { readonly type: 'major'; readonly flavor: 'last-resort' }) => void;

/**
 * Gives back to the machine what a spell of work leaves behind: an idle Node never does it by itself. The process stands still for
 * about 20 ms; of use after minutes of work, not between two requests.
 */
export function giveBackMemory(): void {
  // Node's own name for it is a flag of the command line, which whoever started us need not know.
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as Collect | undefined;
  collect?.({ type: 'major', flavor: 'last-resort' });
}
