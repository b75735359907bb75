export { receiveCommandResult } from './command-results.ts';
export { sendMessage } from './send-message.ts';
