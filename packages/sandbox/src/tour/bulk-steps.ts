import { unchangedPass } from './parity-steps.ts';
import { passThat, prove, resultOf, sendAndWait, slowPages, until, type TourStep } from './step.ts';

const countOf = (counts: Readonly<Record<string, number>> | undefined): number =>
  Object.values(counts ?? {}).reduce((total, count) => total + count, 0);

const bulkUpload: TourStep = {
  name: 'bulk-upload',
  shows: 'every patient of R4 is at Flynotes, or refused for a reason that is told',
  async run(context) {
    const { sandbox, counts } = context;
    const pass = await passThat(context, ({ status }) => status === 'equal' || status === 'failed');
    const inR4 = await sandbox.reception.countPatients();
    const accepted = await sandbox.operator.patientsHeld();
    const refusedByAgent = countOf(pass.figures?.refusedByAgent);
    const refused = refusedByAgent + pass.refused;
    Object.assign(counts, { inR4, accepted, refused });
    const evidence = {
      inR4,
      accepted,
      refused,
      reasons: { ...pass.figures?.refusedByAgent },
      pass: { status: pass.status, startedAt: pass.startedAt, endedAt: pass.endedAt, rounds: pass.rounds },
    };
    prove(pass.status === 'equal', `the first pass ended as ${pass.status} ${pass.code ?? ''}`, evidence);
    prove(accepted > 0 && accepted + refused === inR4, 'accepted and refused do not add up to R4', evidence);
    return evidence;
  },
};

const walkIn: TourStep = {
  name: 'walk-in',
  shows: 'a patient typed into R4 a moment ago is fetched by bulk-upload-patients',
  async run(context) {
    const { sandbox, counts } = context;
    const patientCode = await sandbox.reception.addPatient({
      title: 'Ms',
      forename: 'Walk',
      surname: 'Inn-Example',
      sex: 'F',
      dateOfBirth: '1991-04-23',
      email: 'walk.inn@example.com',
      line1: '7 Station Road',
      town: 'Exampleton',
      postcode: 'EX1 2MP',
    });
    const before = await sandbox.operator.patient(patientCode);
    const result = await sendAndWait(context, { type: 'bulk-upload-patients' }, context.passWithinMs);
    const after = await sandbox.operator.patient(patientCode);
    counts.inR4 += 1;
    counts.accepted = await sandbox.operator.patientsHeld();
    const evidence = {
      patientCode,
      heldBefore: before !== null,
      result: result.outcome,
      surname: after?.basics?.surname,
      dateOfBirth: after?.basics?.dateOfBirth,
      postcode: after?.basics?.postcode,
      addressLines: after?.basics?.addressLines,
    };
    prove(before === null && result.outcome === 'done', 'the message did not end well', evidence);
    prove(after?.basics?.surname === 'Inn-Example', 'the walk-in is not at Flynotes', evidence);
    prove(after?.basics?.dateOfBirth === '1991-04-23', 'the date of birth is not as typed', evidence);
    prove(after?.basics?.postcode === 'EX1 2MP', 'the postcode is not as typed', evidence);
    return evidence;
  },
};

const patientSyncDuringBulk: TourStep = {
  name: 'patient-sync-during-bulk',
  shows: 'a patient-sync is answered while a bulk upload runs',
  async run(context) {
    const { sandbox } = context;
    const [patientCode] = await sandbox.reception.patientsWithHistory(1);
    await sandbox.r4.addFault(slowPages(context));
    const bulk = await sandbox.operator.send({ type: 'bulk-upload-patients' });
    const running = await passThat(context, ({ status }) => status === 'running', 30_000);
    const sync = await sendAndWait(context, { type: 'patient-sync', patientCode: patientCode ?? 0 }, 30_000);
    const stillRunning = (await passThat(context, ({ passId }) => passId === running.passId)).status === 'running';
    await sandbox.r4.clearFaults();
    await resultOf(sandbox, bulk, context.passWithinMs);
    const pass = await passThat(context, ({ passId, status }) => passId === running.passId && status !== 'running');
    const putFromMs = Date.parse(sync.at) - (sync.legs.uploadedMs ?? 0);
    const evidence = {
      patientCode,
      sync: sync.outcome,
      legs: sync.legs,
      passStartedAt: pass.startedAt,
      putBetween: [new Date(putFromMs).toISOString(), sync.at],
      passEndedAt: pass.endedAt,
      passWasRunning: stillRunning,
    };
    prove(sync.outcome === 'done' && stillRunning, 'the patient-sync was not answered during the pass', evidence);
    const inside = Date.parse(pass.startedAt) <= putFromMs && sync.at <= (pass.endedAt ?? '');
    prove(inside, 'the PUT is outside the interval of the pass', evidence);
    return evidence;
  },
};

const agentKilled: TourStep = {
  name: 'agent-killed',
  shows: 'after kill -9 in the middle of a pass nothing is lost',
  async run(context) {
    const { sandbox } = context;
    const [first = 0, second = 0] = await sandbox.reception.patientsWithHistory(2);
    const marks = { [first]: `Killed-${first}`, [second]: `Killed-${second}` };
    for (const [code, surname] of Object.entries(marks)) {
      await sandbox.reception.editPatient(Number(code), { surname });
    }
    await sandbox.r4.addFault(slowPages(context));
    const bulk = await sandbox.operator.send({ type: 'bulk-upload-patients' });
    const running = await passThat(context, ({ status }) => status === 'running', 30_000);
    const before = sandbox.agent.current();
    sandbox.agent.kill();
    await sandbox.r4.clearFaults();
    const after = await until('the agent runs again', () => {
      const run = sandbox.agent.current();
      return run !== undefined && run.pid !== before?.pid && run.endedAt === null && run;
    });
    const result = await resultOf(sandbox, bulk, context.passWithinMs + 60_000);
    // The pass that was killed is gone on with by the next start; the message, when it comes again, gets one of its own.
    const pass = await passThat(context, ({ passId, status }) => passId === running.passId && status === 'equal');
    const held = await Promise.all(Object.keys(marks).map((code) => sandbox.operator.patient(Number(code))));
    const inR4 = await sandbox.reception.countPatients();
    const accepted = await sandbox.operator.patientsHeld();
    const evidence = {
      processBefore: before?.pid,
      endedBy: before?.signal,
      processAfter: after.pid,
      messageResult: result.outcome,
      surnames: held.map((patient) => patient?.basics?.surname),
      inR4,
      accepted,
      refused: context.counts.refused,
      killedPass: { status: pass.status, startedAt: pass.startedAt, endedAt: pass.endedAt },
    };
    prove(before?.signal === 'SIGKILL', 'the agent was not killed', evidence);
    prove(result.outcome === 'done', 'the message was lost', evidence);
    prove(
      held.every((patient) => patient?.basics?.surname === marks[patient?.patientCode ?? 0]),
      'an edited patient is not at Flynotes',
      evidence,
    );
    prove(accepted + context.counts.refused === inR4, 'accepted and refused do not add up to R4', evidence);
    return evidence;
  },
};

/** What is about every patient. */
export const bulkSteps: readonly TourStep[] = [bulkUpload, walkIn, unchangedPass, patientSyncDuringBulk];
/** Comes last: it ends a process. */
export const killSteps: readonly TourStep[] = [agentKilled];
