import type { CommandOutcome } from '../queue/index.ts';
import { isAgentError } from '../runtime/index.ts';
import { report, type Reporter } from './reporter.ts';

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
 * Reads texts and reports them in parts. Each part is stored before the next one, and all of them before the message is acknowledged.
 * What this practice's R4 does not hold is refused: nothing is sent, and asking again would not help.
 */
export async function uploadTexts(
  deps: { readonly reporter: Reporter; read(): Promise<readonly string[]> },
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
    report(deps.reporter, event, { messageId, part: index + 1, parts: parts.length, texts: part });
  });
  return { outcome: 'done', figures: { items: parts.length, texts: texts.length } };
}
