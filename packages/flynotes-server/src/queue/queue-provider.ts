import type { QueueCredentials } from '@flynotes/carestream-server/api';

/** A practice's queue as it was created. */
export interface PracticeQueue {
  readonly url: string;
  readonly deadLetterUrl: string;
  readonly region: string;
  /** Set for emulators alone. */
  readonly endpoint?: string;
}

/** A message that nobody could handle. */
export interface DeadLetter {
  readonly messageId: string;
  readonly sentAt: string | null;
  readonly receiveCount: number;
  readonly body: string;
}

/** Queues of practices and the temporary keys to them, wherever they come from. Failures are thrown as problems. */
export interface QueueProvider {
  /** True for emulators: a queue that was made once may be gone. */
  readonly forgetful: boolean;
  /** Also gives the queue back if it exists already. */
  createQueue(practiceId: string): Promise<PracticeQueue>;
  /** Keys that open this one queue, and only for receiving. */
  issueCredentials(queue: PracticeQueue, durationS: number): Promise<QueueCredentials>;
  send(queue: PracticeQueue, body: string): Promise<{ messageId: string }>;
  /** How many there are, and a look at the first ones; they stay where they are. */
  deadLetters(queue: PracticeQueue): Promise<{ count: number; letters: DeadLetter[] }>;
  close(): void;
}

/** How long an agent's keys are valid: the most that GetFederationToken gives. */
export const credentialDurationS = 129_600;
