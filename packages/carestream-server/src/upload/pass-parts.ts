import type { Account } from './account.ts';
import type { BatchSender } from './batch-sender.ts';
import type { Judge } from './judge.ts';
import type { Pacing, ReadDeps } from './pages.ts';
import type { UploadDeps } from './ports.ts';
import type { ResumePoints } from './resume-point.ts';
import type { Tally } from './tally.ts';

/** What the steps of a pass share. */
export interface PassParts {
  readonly deps: UploadDeps;
  readonly read: ReadDeps;
  readonly pacing: Pacing;
  readonly judge: Judge;
  readonly sender: BatchSender;
  readonly tally: Tally;
  readonly account: Account;
  readonly resume: ResumePoints;
  /** True once a licence answer has brought another digest key than this pass began with. */
  readonly isKeyOutdated: () => boolean;
  /** About how many patients Flynotes holds, where it says so. */
  readonly patientsHeld: number | undefined;
  /** An operator has confirmed that most patients are to be removed. */
  readonly removalsConfirmed: boolean;
}
