import { presetAnswers, questions } from '../r4-server/practice/index.ts';
import { reportsOf, rollbarHolds } from '../reports.ts';
import { passThat, prove, sendAndWait, until, type Evidence, type TourContext, type TourStep } from './step.ts';

const medicalHistory: TourStep = {
  name: 'medical-history',
  shows: 'one patient’s full record arrives with every completed questionnaire',
  async run(context) {
    const { sandbox } = context;
    const [patientCode = 0] = await sandbox.reception.patientsWithHistory(1);
    const mobilePhone = '07700 900321 (just changed)';
    await sandbox.reception.editPatient(patientCode, { mobilePhone });
    const result = await sendAndWait(context, { type: 'patient-sync', patientCode });
    const patient = await sandbox.operator.patient(patientCode);
    const inR4 = await sandbox.reception.historyOf(patientCode);
    const questionnaires = patient?.fullRecord?.questionnaires ?? [];
    const evidence = {
      patientCode,
      result: result.outcome,
      legs: result.legs,
      questionnaires: questionnaires.length,
      questionnairesInR4: inR4.questionnaires,
      answers: questionnaires.reduce((total, { answers }) => total + answers.length, 0),
      answersInR4: inR4.answers,
      mobileArrived: patient?.basics?.phones?.some(({ number }) => number === mobilePhone) ?? false,
    };
    prove(result.outcome === 'done', 'the patient-sync did not end well', evidence);
    prove(evidence.questionnaires > 0, 'no questionnaire arrived', evidence);
    prove(evidence.questionnaires === inR4.questionnaires, 'not every questionnaire arrived', evidence);
    prove(evidence.answers === inR4.answers, 'not every answer arrived', evidence);
    prove(evidence.mobileArrived, 'what was typed a moment ago is not there', evidence);
    return evidence;
  },
};

const unknownPatient: TourStep = {
  name: 'unknown-patient',
  shows: 'a patient whom R4 does not have is honestly answered',
  async run(context) {
    const patientCode = 1_999_999;
    const result = await sendAndWait(context, { type: 'patient-sync', patientCode });
    const held = await context.sandbox.operator.patient(patientCode);
    const evidence = { patientCode, result: result.outcome, legs: result.legs, held: held !== null };
    prove(result.outcome === 'not-found' && held === null, 'the answer is not "not found"', evidence);
    return evidence;
  },
};

/** Sends a message and gathers what Rollbar received of it. */
async function rollbarOf(
  context: TourContext,
  type: 'questionnaire-questions-upload' | 'questionnaire-answers-upload',
  event: string,
): Promise<{ evidence: Evidence; texts: string[] }> {
  const { rollbar } = context.sandbox;
  const bytesBefore = rollbar.bytes();
  const result = await sendAndWait(context, { type });
  const wanted = Number(result.figures?.['items'] ?? 0);
  const items = await until(`${wanted} items at Rollbar`, () => {
    const seen = reportsOf(rollbar, event).filter(({ fields }) => fields['messageId'] === result.messageId);
    return wanted > 0 && seen.length >= wanted && seen;
  });
  const texts = items.flatMap(({ fields }) => fields['texts'] as string[]);
  return {
    texts,
    evidence: {
      result: result.outcome,
      items: items.length,
      texts: texts.length,
      bytes: rollbar.bytes() - bytesBefore,
    },
  };
}

const questionnaireQuestions: TourStep = {
  name: 'questionnaire-questions',
  shows: 'every distinct question of this practice is in Rollbar',
  async run(context) {
    const { evidence, texts } = await rollbarOf(context, 'questionnaire-questions-upload', 'command.questions');
    const known = new Set(questions.map(({ text }) => text.trim()));
    const missing = [...known].filter((question) => !texts.includes(question));
    const whole = { ...evidence, inR4: known.size, missing: missing.length };
    prove(missing.length === 0 && texts.length === known.size, 'the questions are not those of R4', whole);
    return whole;
  },
};

const questionnaireAnswers: TourStep = {
  name: 'questionnaire-answers',
  shows: 'every preset answer is in Rollbar, and not one of a patient’s own words',
  async run(context) {
    const { evidence, texts } = await rollbarOf(context, 'questionnaire-answers-upload', 'command.preset-answers');
    const presets = new Set(presetAnswers.map(({ text }) => text.trim()));
    const foreign = texts.filter((text) => !presets.has(text));
    const ownWords = await context.sandbox.reception.ownWords(200);
    const { rollbar } = context.sandbox;
    const leaked = ownWords.filter((words) => words.length > 12 && rollbarHolds(rollbar, words));
    const whole = {
      ...evidence,
      inR4: presets.size,
      foreign: foreign.length,
      ownWordsLookedFor: ownWords.length,
      leaked: leaked.length,
    };
    prove(texts.length === presets.size && foreign.length === 0, 'the answers are not R4’s preset ones', whole);
    prove(ownWords.length > 0 && leaked.length === 0, 'a patient’s own words are in Rollbar', whole);
    return whole;
  },
};

const testMessage: TourStep = {
  name: 'test-message',
  shows: 'a test message arrives at Rollbar',
  async run(context) {
    const result = await sendAndWait(context, { type: 'test' });
    const item = await until('the test item at Rollbar', () =>
      reportsOf(context.sandbox.rollbar, 'command.test').find(({ fields }) => fields['messageId'] === result.messageId),
    );
    const evidence = { result: result.outcome, level: item.level, receivedAt: item.at };
    prove(result.outcome === 'done', 'the message did not end well', evidence);
    return evidence;
  },
};

const restart: TourStep = {
  name: 'restart',
  shows: 'a restart message is acknowledged once, and the agent comes back',
  async run(context) {
    const { sandbox } = context;
    const before = sandbox.agent.current();
    const result = await sendAndWait(context, { type: 'restart' });
    const after = await until('another process', () => {
      const run = sandbox.agent.current();
      return run !== undefined && run.pid !== before?.pid && run.health?.queue === true && run;
    });
    await passThat(context, ({ status, startedAt }) => status === 'equal' && startedAt > (before?.endedAt ?? ''));
    const evidence = {
      result: result.outcome,
      processBefore: before?.pid,
      exitCode: before?.exitCode,
      processAfter: after.pid,
      restarts: sandbox.agent.runs.filter(({ exitCode }) => exitCode === 10).length,
    };
    prove(before?.exitCode === 10, 'the exit code is not 10', evidence);
    prove(sandbox.agent.current()?.pid === after.pid, 'the message restarted the agent more than once', evidence);
    return evidence;
  },
};

/** What messages do. */
export const commandSteps: readonly TourStep[] = [
  medicalHistory,
  unknownPatient,
  questionnaireQuestions,
  questionnaireAnswers,
  testMessage,
  restart,
];
