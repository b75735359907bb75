import type { SqlValue } from './database.ts';

/** What the PGlite thread is started with. */
export interface WorkerOptions {
  /** Null for a database in memory. */
  readonly dataDir: string | null;
  /** Where an empty data directory is kept for the next first start; null keeps none. */
  readonly templateFile: string | null;
  /** True where there is no database yet. */
  readonly fresh: boolean;
}

/** What the PGlite thread is asked. */
export type WorkerRequest = { readonly id: number } & (
  | { readonly kind: 'query'; readonly text: string; readonly values: readonly SqlValue[] }
  | { readonly kind: 'script'; readonly text: string }
  | { readonly kind: 'listen'; readonly channel: string }
  | { readonly kind: 'close' }
);

/** What it answers. */
export type WorkerAnswer =
  | { readonly kind: 'ready' }
  | { readonly kind: 'failed'; readonly message: string }
  | { readonly kind: 'answer'; readonly id: number; readonly rows: unknown[] }
  | { readonly kind: 'error'; readonly id: number; readonly message: string; readonly code: string | null }
  | { readonly kind: 'heard'; readonly channel: string };
