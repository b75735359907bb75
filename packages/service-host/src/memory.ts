import type { HostLog } from './host-log.ts';
import type { HostState } from './host-state.ts';
import type { Slots } from './slots.ts';

/** The host's state, in memory and on disk. What cannot be written holds in memory all the same, and is written later. */
export interface Memory {
  readonly state: HostState;
  /** True when the new state is on disk. */
  set(state: HostState): boolean;
  /** Writes what could not be written before; true when nothing is left to write. */
  flush(): boolean;
  /** Writes what stands there already once more, to see whether writing works by now. */
  probe(): boolean;
}

/** @see {@link Memory} */
export function createMemory(deps: { readonly slots: Slots; readonly log: HostLog }, first: HostState): Memory {
  let state = first;
  let onDisk = deps.slots.read();
  let told = false;
  const flush = (): boolean => {
    if (JSON.stringify(onDisk) === JSON.stringify(state)) return true;
    const written = deps.slots.write(state);
    if (written) onDisk = state;
    if (!written && !told) deps.log.write({ event: 'state-not-written' });
    told = !written;
    return written;
  };
  return {
    get state() {
      return state;
    },
    set(next) {
      state = next;
      return flush();
    },
    flush,
    probe: () => deps.slots.write(state),
  };
}
