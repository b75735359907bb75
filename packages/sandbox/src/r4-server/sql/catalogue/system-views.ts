import type { SystemView } from './views.ts';

/** The `sys` schema. */
export const systemViews: readonly SystemView[] = [];
