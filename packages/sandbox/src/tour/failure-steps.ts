import { reportsOf, rollbarHolds } from '../reports.ts';
import { killSteps } from './bulk-steps.ts';
import { paritySteps } from './parity-steps.ts';
import { prove, sendAndWait, until, type TourStep } from './step.ts';

const expiredCredentials: TourStep = {
  name: 'expired-credentials',
  shows: 'expired queue credentials are refused, renewed, and the message is answered',
  async run(context) {
    const { sandbox } = context;
    const [patientCode = 0] = await sandbox.reception.patientsWithHistory(1);
    const refusedBefore = sandbox.sqs.stats().refused['ExpiredToken'] ?? 0;
    const issuedBefore = sandbox.sqs.stats().credentialsIssued;
    const expired = sandbox.sqs.expireAll();
    const result = await sendAndWait(context, { type: 'patient-sync', patientCode });
    const refused = (sandbox.sqs.stats().refused['ExpiredToken'] ?? 0) - refusedBefore;
    const evidence = {
      expired,
      refusedRequests: refused,
      credentialsIssued: sandbox.sqs.stats().credentialsIssued - issuedBefore,
      result: result.outcome,
      process: sandbox.agent.current()?.pid,
    };
    prove(refused > 0, 'no request was refused: nothing was proved', evidence);
    prove(result.outcome === 'done', 'the message was not answered', evidence);
    return evidence;
  },
};

const versionChange: TourStep = {
  name: 'version-change',
  shows: 'another dictated version makes the agent report it and exit with 12',
  async run(context) {
    const { sandbox } = context;
    const runsBefore = sandbox.agent.runs.length;
    await sandbox.operator.pinVersion('9.9.9');
    await sendAndWait(context, { type: 'restart' });
    const ended = await until('exit code 12', () =>
      sandbox.agent.runs.slice(runsBefore).find(({ exitCode }) => exitCode === 12),
    );
    const item = await until('the report at Rollbar', () =>
      reportsOf(sandbox.rollbar, 'version.differs').find(({ fields }) => fields['dictated'] === '9.9.9'),
    );
    await sandbox.operator.pinVersion(null);
    const back = await until('a running agent', () => {
      const run = sandbox.agent.current();
      return run?.endedAt === null && run.health?.queue === true && run;
    });
    const evidence = {
      exitCode: ended.exitCode,
      process: ended.pid,
      reported: { running: item.fields['running'], dictated: item.fields['dictated'], code: item.fields['code'] },
      processAfter: back.pid,
    };
    prove(back.pid !== ended.pid, 'the agent did not come back', evidence);
    return evidence;
  },
};

const badMessage: TourStep = {
  name: 'bad-message',
  shows: 'a message that cannot be read ends in the dead-letter queue, and its content nowhere else',
  async run(context) {
    const { sandbox } = context;
    const secret = 'Mrs-Ada-Example-1980-02-29';
    const before = await sandbox.operator.deadLetters();
    const { messageId } = await sandbox.sqs.sendMessage(
      await sandbox.operator.queueUrl(),
      `{"type":"patient-sync","patientCode":"${secret}"}`,
    );
    const letters = await until(
      'the message in the dead-letter queue',
      async () => {
        const now = await sandbox.operator.deadLetters();
        return now.count > before.count && now;
      },
      90_000,
    );
    const item = await until('the report at Rollbar', () =>
      reportsOf(sandbox.rollbar, 'message.invalid').find(({ fields }) => fields['messageId'] === messageId),
    );
    const next = await sendAndWait(context, { type: 'test' });
    const evidence = {
      deadLetters: letters.count,
      shape: letters.letters.at(-1)?.shape,
      reported: item.fields,
      contentAtRollbar: rollbarHolds(sandbox.rollbar, secret),
      nextMessage: next.outcome,
    };
    prove(!evidence.contentAtRollbar, 'the content of the message is in Rollbar', evidence);
    prove(next.outcome === 'done', 'the queue is blocked', evidence);
    return evidence;
  },
};

/** What goes wrong, and what comes of it. */
export const failureSteps: readonly TourStep[] = [
  expiredCredentials,
  versionChange,
  badMessage,
  ...paritySteps,
  ...killSteps,
];
