import type { MessageType } from '../contract/index.ts';

/** The ways through which messages go beside each other, first the one that goes first. */
export const laneNames = ['urgent', 'control', 'questionnaires', 'bulk'] as const;
/** @see {@link laneNames} */
export type LaneName = (typeof laneNames)[number];

/** How one lane behaves. */
export interface LaneRule {
  /** How many commands run at once. */
  readonly parallel: number;
  /** How many messages are kept waiting inside; what comes beyond is handed back to the queue. */
  readonly waitingMost: number;
  /** A command that takes longer is given up. */
  readonly commandMostMs: number;
  /** At a stop, what waits in this lane still gets its turn while there is time. */
  readonly drainsAtStop: boolean;
}

/** Several messages for a bulk upload may join one pass, so they all go in and the uploads themselves see to it that one runs at a time. */
export const laneRules: Readonly<Record<LaneName, LaneRule>> = {
  urgent: { parallel: 4, waitingMost: 200, commandMostMs: 120_000, drainsAtStop: true },
  control: { parallel: 50, waitingMost: 200, commandMostMs: 60_000, drainsAtStop: true },
  questionnaires: { parallel: 1, waitingMost: 50, commandMostMs: 900_000, drainsAtStop: false },
  bulk: { parallel: 100, waitingMost: 0, commandMostMs: 86_400_000, drainsAtStop: false },
};

const laneOfType: Readonly<Record<MessageType, LaneName>> = {
  'patient-sync': 'urgent',
  'bulk-upload-patients': 'bulk',
  'questionnaire-questions-upload': 'questionnaires',
  'questionnaire-answers-upload': 'questionnaires',
  restart: 'control',
  test: 'control',
};

/** The lane of a message type. */
export function laneOf(type: MessageType): LaneName {
  return laneOfType[type];
}

/** A command that waits for its turn, and what happens to it if that never comes. */
export interface Job {
  run(): Promise<void>;
  /** Called instead of `run`, when the lane is closed first. */
  release(): void;
}

/** Messages run beside each other, each lane for itself: a full lane holds up no other. */
export interface Lanes {
  /** False when the lane is full; then the job was not taken. */
  enter(lane: LaneName, job: Job): boolean;
  /** How many run and how many wait. */
  load(lane: LaneName): { readonly running: number; readonly waiting: number };
  /** What waits is released, in lanes that do not drain or, with `all`, in every lane. */
  releaseWaiting(all: boolean): void;
  /** Resolves when nothing runs and nothing waits. */
  empty(): Promise<void>;
}

/** @see {@link Lanes}; jobs must not reject. */
export function createLanes(rules: Readonly<Record<LaneName, LaneRule>> = laneRules): Lanes {
  const lanes = new Map(laneNames.map((name) => [name, { running: 0, waiting: [] as Job[] }]));
  let watchers: (() => void)[] = [];
  const laneNamed = (name: LaneName) => lanes.get(name) ?? { running: 0, waiting: [] };

  const idle = () => [...lanes.values()].every((lane) => lane.running === 0 && lane.waiting.length === 0);
  const tellWatchers = () => {
    if (!idle()) return;
    for (const watcher of watchers) watcher();
    watchers = [];
  };

  async function start(name: LaneName, job: Job): Promise<void> {
    const lane = laneNamed(name);
    lane.running += 1;
    try {
      await job.run();
    } finally {
      lane.running -= 1;
      const next = lane.waiting.shift();
      if (next) void start(name, next);
      else tellWatchers();
    }
  }

  return {
    enter(name, job) {
      const lane = laneNamed(name);
      if (lane.running < rules[name].parallel) void start(name, job);
      else if (lane.waiting.length < rules[name].waitingMost) lane.waiting.push(job);
      else return false;
      return true;
    },
    load: (name) => ({ running: laneNamed(name).running, waiting: laneNamed(name).waiting.length }),
    releaseWaiting(all) {
      for (const [name, lane] of lanes) {
        if (!all && rules[name].drainsAtStop) continue;
        for (const job of lane.waiting.splice(0)) job.release();
      }
      tellWatchers();
    },
    empty: () =>
      new Promise((resolve) => {
        watchers.push(resolve);
        tellWatchers();
      }),
  };
}
