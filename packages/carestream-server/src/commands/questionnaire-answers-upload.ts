import type { Log } from '../runtime/index.ts';
import type { Command } from './command.ts';
import { uploadTexts, type QuestionnaireReader } from './questionnaire-texts.ts';

/** Logs every distinct preset answer of this practice's questionnaires; never a patient's own words. */
export function createQuestionnaireAnswersUpload(deps: {
  readonly log: Log;
  readonly questionnaires: () => QuestionnaireReader;
}): Command<'questionnaire-answers-upload'> {
  return (_message, { messageId }, signal) =>
    uploadTexts(
      { log: deps.log, read: async () => deps.questionnaires().readPresetAnswers(signal) },
      'command.preset-answers',
      messageId,
    );
}
