import type { Command } from './command.ts';
import { uploadTexts, type QuestionnaireReader } from './questionnaire-texts.ts';
import type { Reporter } from './reporter.ts';

/** Logs every distinct preset answer of this practice's questionnaires; never a patient's own words. */
export function createQuestionnaireAnswersUpload(deps: {
  readonly reporter: Reporter;
  readonly questionnaires: () => QuestionnaireReader;
}): Command<'questionnaire-answers-upload'> {
  return (_message, { messageId }, signal) =>
    uploadTexts(
      { reporter: deps.reporter, read: async () => deps.questionnaires().readPresetAnswers(signal) },
      'command.preset-answers',
      messageId,
    );
}
