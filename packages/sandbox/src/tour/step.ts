import { setTimeout as sleep } from 'node:timers/promises';
import type { CommandResult } from '@flynotes/carestream-server/api';
import type { MessageInput } from '@flynotes/carestream-server/messages';
import type { Sandbox } from '../sandbox.ts';
import type { PassView } from '../operator.ts';

/** Facts that prove a step; they go into the tour's report. */
export type Evidence = Record<string, unknown>;

/** What a step has to work with. */
export interface TourContext {
  readonly sandbox: Sandbox;
  /** Notes for later steps. */
  readonly counts: { inR4: number; accepted: number; refused: number };
  /** How long a bulk pass of this practice may take before it counts as failed. */
  readonly passWithinMs: number;
}

/** One proof. */
export interface TourStep {
  readonly name: string;
  /** In one sentence, for the person who watches. */
  readonly shows: string;
  run(context: TourContext): Promise<Evidence>;
}

/** A step that did not prove what it should, with what was seen instead. */
export class NotProved extends Error {
  readonly evidence: Evidence;
  constructor(message: string, evidence: Evidence) {
    super(message);
    this.evidence = evidence;
  }
}

/** Goes on only if something holds. */
export function prove(holds: boolean, what: string, evidence: Evidence): void {
  if (!holds) throw new NotProved(what, evidence);
}

/** Asks again and again until there is an answer. @throws NotProved when there is none in time */
export async function until<Answer>(
  what: string,
  probe: () => Promise<Answer | null | undefined | false> | Answer | null | undefined | false,
  withinMs = 60_000,
): Promise<Answer> {
  const endsAt = performance.now() + withinMs;
  for (;;) {
    const answer = await probe();
    if (answer !== null && answer !== undefined && answer !== false) return answer;
    if (performance.now() > endsAt) throw new NotProved(`not within ${withinMs / 1000} s: ${what}`, {});
    await sleep(40);
  }
}

/** Sends a message and waits for its result. */
export async function sendAndWait(
  { sandbox }: TourContext,
  message: MessageInput,
  withinMs = 60_000,
): Promise<CommandResult> {
  const messageId = await sandbox.operator.send(message);
  return resultOf(sandbox, messageId, withinMs);
}

/** Waits for the result of a message. */
export function resultOf(sandbox: Sandbox, messageId: string, withinMs = 60_000): Promise<CommandResult> {
  return until(`a result of message ${messageId}`, () => sandbox.operator.result(messageId), withinMs);
}

/** The newest pass, if it satisfies. */
export async function passThat(
  { sandbox, passWithinMs }: TourContext,
  satisfies: (pass: PassView) => boolean,
  withinMs = passWithinMs,
): Promise<PassView> {
  return until('a bulk pass as wanted', async () => (await sandbox.operator.passes(5)).find(satisfies), withinMs);
}

/**
 * Slows R4’s pages down so that a pass takes some seconds, whatever the size of the practice, and something can be done while it
 * runs. The statement of a page selects TOP so many rows.
 */
export function slowPages({ counts }: TourContext): object {
  const pages = Math.ceil(Math.max(1, counts.inR4) / 2_000);
  const delayMs = Math.round(Math.min(2_000, Math.max(10, 4_000 / pages)));
  return { kind: 'delay', delayMs, at: 'statement', matching: String.raw`SELECT\s+TOP` };
}
