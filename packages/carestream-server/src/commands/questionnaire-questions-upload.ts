import type { Log } from '../runtime/index.ts';
import type { Command } from './command.ts';
import { uploadTexts, type QuestionnaireReader } from './questionnaire-texts.ts';

/** Logs every distinct question of this practice's questionnaires, for mapping by hand. */
export function createQuestionnaireQuestionsUpload(deps: {
  readonly log: Log;
  readonly questionnaires: () => QuestionnaireReader;
}): Command<'questionnaire-questions-upload'> {
  return (_message, { messageId }, signal) =>
    uploadTexts(
      { log: deps.log, read: async () => deps.questionnaires().readQuestions(signal) },
      'command.questions',
      messageId,
    );
}
