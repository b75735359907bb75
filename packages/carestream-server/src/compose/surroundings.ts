import type { ProxyVariables } from '../cli/network.ts';
import type { HostEvent } from '../contract/index.ts';
import type { Clock } from '../runtime/index.ts';

/** What surrounds the agent. */
export interface AgentSurroundings {
  readonly clock: Clock;
  /** `stable` or `candidate` under a host, otherwise null. */
  readonly role: 'stable' | 'candidate' | null;
  readonly hostVersion: string | null;
  /** Where the host keeps the keys that it trusts; null without a host, or under one that installs nothing. */
  readonly keysFile: string | null;
  /** The folder of the release that this process runs from; null where it is none. */
  readonly release: string | null;
  /** For clients that do not see the proxy that was set for the process. */
  readonly proxy: ProxyVariables | null;
  tellHost(event: HostEvent): void;
}
