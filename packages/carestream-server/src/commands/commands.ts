import type { Message, MessageType } from '../contract/index.ts';
import type { CommandContext, CommandOutcome, HandleCommand } from '../queue/index.ts';
import { createBulkUploadPatients, type BulkUploads } from './bulk-upload-patients.ts';
import type { Command } from './command.ts';
import { createPatientSync, type PatientUploads } from './patient-sync.ts';
import { createQuestionnaireAnswersUpload } from './questionnaire-answers-upload.ts';
import { createQuestionnaireQuestionsUpload } from './questionnaire-questions-upload.ts';
import type { QuestionnaireReader } from './questionnaire-texts.ts';
import type { Reporter } from './reporter.ts';
import { createRestart } from './restart.ts';
import { createTestMessage } from './test-message.ts';

/** What the commands need. */
export interface CommandsDeps {
  readonly reporter: Reporter;
  /** Of the running agent. */
  readonly version: string;
  readonly bulkUploads: BulkUploads;
  readonly patientUploads: PatientUploads;
  /** The connection to R4 that is open at the moment. Throws AgentError PRACTICE_… where there is none. */
  readonly questionnaires: () => QuestionnaireReader;
  /** Begins the end of the process; returns at once. */
  requestRestart(): void;
}

/** The command of each message type. */
type Registry = { readonly [Type in MessageType]: Command<Type> };

/** Carries out any message by the command of its type. */
export function createCommands(deps: CommandsDeps): HandleCommand {
  const registry: Registry = {
    'patient-sync': createPatientSync(deps),
    'bulk-upload-patients': createBulkUploadPatients(deps),
    restart: createRestart(deps),
    test: createTestMessage(deps),
    'questionnaire-questions-upload': createQuestionnaireQuestionsUpload(deps),
    'questionnaire-answers-upload': createQuestionnaireAnswersUpload(deps),
  };
  return (message: Message, context: CommandContext, signal: AbortSignal): Promise<CommandOutcome> => {
    const command = registry[message.type] as Command<MessageType>;
    return command(message, context, signal);
  };
}
