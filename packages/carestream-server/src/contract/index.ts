/** What agent, Flynotes and host promise each other. Depends on zod alone and runs in a browser. */
export * from './identifiers.ts';
export * from './patient.ts';
export * from './messages.ts';
export * from './digest.ts';
export * from './http-api.ts';
export * from './release.ts';
export * from './release-path.ts';
export * from './host.ts';
export * from './error-table.ts';
export * from './version-order.ts';
