/** What a browser gets under the package's root: the messages entry, also as a default export for `import carestream from '…'`. */
import * as messages from './messages.ts';

export * from './messages.ts';
export { version } from './version.ts';
export default messages;
