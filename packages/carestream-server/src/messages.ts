/** The messages that Flynotes sends to a practice: schemas, types, reading and writing. Runs in a browser. */
export * from './contract/identifiers.ts';
export * from './contract/messages.ts';
