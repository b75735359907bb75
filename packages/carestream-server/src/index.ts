export { version } from './version.ts';
export * from './messages.ts';
