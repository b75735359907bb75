export * from './clock.ts';
export * from './errors.ts';
export * from './events.ts';
export * from './files.ts';
export * from './retry.ts';
export * from './shutdown.ts';
