import type { LoginDefinition } from './engine.ts';

/** The logins that every simulated server has. */
export const defaultLogins: readonly LoginDefinition[] = [
  /** What the agent should be given: it can read, and nothing else. */
  { user: 'flynotes_reader', password: 'reader-password', defaultDatabase: 'sys2000', role: 'reader' },
  /** R4's own users: they type patients in. */
  { user: 'reception', password: 'reception-password', defaultDatabase: 'sys2000', role: 'writer' },
  { user: 'sa', password: 'sa-password', defaultDatabase: 'master', role: 'sysadmin' },
];
