/** When a message that was not deleted is handed out again, in whole seconds, by how often it has been handed out. */

/** The longest pause. */
const mostS = 900;
const retryS = [1, 10, 60, 300];

/** After a failure that may pass. Soon at first, since somebody waits; then slowly, so that the limit of receives is not used up in an outage. */
export function retryAfterS(receiveCount: number): number {
  return retryS[receiveCount - 1] ?? mostS;
}

/**
 * For what belongs into the dead-letter queue: at once, so that the limit of receives is soon used up. Where no such queue is set up it
 * would go on for ever, so after some times it slows down.
 */
export function setAsideAfterS(receiveCount: number): number {
  if (receiveCount <= 10) return 0;
  return receiveCount <= 30 ? 1 : mostS;
}

/** For a type that the next version will know: time for the version to change. */
export function unknownTypeAfterS(receiveCount: number): number {
  return Math.min(mostS, 15 * 2 ** Math.min(receiveCount - 1, 10));
}
