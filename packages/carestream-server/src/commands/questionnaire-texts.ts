import type { CommandOutcome } from '../queue/index.ts';
import { isAgentError, type Log } from '../runtime/index.ts';

/** Whoever reads R4's questionnaires. Both lists hold each text once. */
export interface QuestionnaireReader {
  readQuestions(signal: AbortSignal): Promise<readonly string[]>;
  /** @throws AgentError QUESTIONNAIRE_PRESETS_UNKNOWN where preset answers cannot be told from a patient's own words */
  readPresetAnswers(signal: AbortSignal): Promise<readonly string[]>;
}

/** One item of Rollbar holds about 500 kB, and shows far less. */
export const partLimits = { textsMost: 50, bytesMost: 20_000, textCharactersMost: 4_000 } as const;

/** Splits texts into parts that each fit an item; a text beyond the limit is cut. There is always at least one part. */
export function partsOf(texts: readonly string[]): string[][] {
  const parts: string[][] = [];
  let part: string[] = [];
  let partBytes = 0;
  for (const text of texts) {
    const kept = text.slice(0, partLimits.textCharactersMost).toWellFormed();
    const bytes = Buffer.byteLength(JSON.stringify(kept)) + 1;
    if (part.length > 0 && (part.length >= partLimits.textsMost || partBytes + bytes > partLimits.bytesMost)) {
      parts.push(part);
      part = [];
      partBytes = 0;
    }
    part.push(kept);
    partBytes += bytes;
  }
  return [...parts, part];
}

/**
 * Reads texts and logs them in parts. The log has stored a part before `emit` returns, so the message may be acknowledged afterwards.
 * What this practice's R4 does not hold is refused: nothing is sent, and asking again would not help.
 */
export async function uploadTexts(
  deps: { readonly log: Log; read(): Promise<readonly string[]> },
  event: 'command.questions' | 'command.preset-answers',
  messageId: string,
): Promise<CommandOutcome> {
  let texts: readonly string[];
  try {
    texts = [...new Set(await deps.read())];
  } catch (error) {
    const unknown =
      isAgentError(error) &&
      (error.code === 'QUESTIONNAIRE_PRESETS_UNKNOWN' || error.code === 'QUESTIONNAIRE_QUESTIONS_UNKNOWN');
    if (!unknown) throw error;
    return { outcome: 'rejected', code: error.code };
  }
  const parts = partsOf(texts);
  parts.forEach((part, index) => {
    deps.log.emit(event, { messageId, part: index + 1, parts: parts.length, texts: part });
  });
  return { outcome: 'done', figures: { items: parts.length, texts: texts.length } };
}
