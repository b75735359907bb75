export { serveConsole } from './serve-console.ts';
export type { ConsoleConfig } from './serve-console.ts';
