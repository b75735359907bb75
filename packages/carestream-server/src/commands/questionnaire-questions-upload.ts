import type { Command } from './command.ts';
import { uploadTexts, type QuestionnaireReader } from './questionnaire-texts.ts';
import type { Reporter } from './reporter.ts';

/** Logs every distinct question of this practice's questionnaires, for mapping by hand. */
export function createQuestionnaireQuestionsUpload(deps: {
  readonly reporter: Reporter;
  readonly questionnaires: () => QuestionnaireReader;
}): Command<'questionnaire-questions-upload'> {
  return (_message, { messageId }, signal) =>
    uploadTexts(
      { reporter: deps.reporter, read: async () => deps.questionnaires().readQuestions(signal) },
      'command.questions',
      messageId,
    );
}
