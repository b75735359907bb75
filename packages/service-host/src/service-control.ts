/** How a command ended. Numbers as the Linux Standard Base has them for `status`; the Windows program uses the same. */
export const serviceExits = { done: 0, running: 0, failed: 1, usage: 2, stopped: 3, notInstalled: 4 } as const;

/** What came of a command: words for a person, and a number for a script. */
export interface ServiceAnswer {
  readonly exitCode: number;
  readonly text: string;
}

/** What installing needs to know. */
export interface InstallSettings {
  readonly installDir: string;
  readonly dataDir: string;
  readonly account: string;
  readonly words: readonly string[];
}

/** The operating system's own keeper of services, as far as `carestream-service` needs it. */
export interface ServiceControl {
  install(settings: InstallSettings): ServiceAnswer;
  /** Keeps the data folder unless told otherwise. */
  uninstall(removeData: boolean): ServiceAnswer;
  start(): ServiceAnswer;
  stop(): ServiceAnswer;
  status(): ServiceAnswer;
}
