import { rmSync } from 'node:fs';
import path from 'node:path';
import type { PassView } from '../operator.ts';
import { reportsOf } from '../reports.ts';
import { passThat, prove, sendAndWait, until, type TourContext, type TourStep } from './step.ts';

/** What a pass of which nothing is new may send at most, in all bodies of all its requests. */
const unchangedBytesMost = 2_000;

/** Asks for a bulk upload, and finds its pass as Flynotes counted it. */
async function passNow(context: TourContext): Promise<{ pass: PassView; sentBytes: number }> {
  const result = await sendAndWait(context, { type: 'bulk-upload-patients' }, context.passWithinMs);
  prove(result.outcome === 'done', 'the bulk upload did not end well', { result: result.outcome, code: result.code });
  const passId = result.figures?.['passId'];
  const report = await until('the report of the pass at Rollbar', () =>
    reportsOf(context.sandbox.rollbar, 'pass.completed').find(({ fields }) => fields['passId'] === passId),
  );
  const pass = await passThat(context, (one) => one.passId === passId);
  return { pass, sentBytes: Number(report.fields['sentBytes']) };
}

/** How many patients a pass made travel, whatever Flynotes made of them. */
const sentIn = ({ changed, unchanged, stale, refused }: PassView): number => changed + unchanged + stale + refused;

export const unchangedPass: TourStep = {
  name: 'unchanged-pass',
  shows: 'a pass over a practice in which nothing changed sends next to nothing',
  async run(context) {
    const { pass, sentBytes } = await passNow(context);
    const evidence = {
      patients: pass.patients,
      bytesSent: sentBytes,
      patientsSent: sentIn(pass),
      batches: pass.batches,
      status: pass.status,
      rounds: pass.rounds,
    };
    prove(pass.status === 'equal' && pass.patients === context.counts.accepted, 'the pass is not equal', evidence);
    prove(sentIn(pass) === 0 && pass.batches === 0, 'patients were sent', evidence);
    prove(
      sentBytes > 0 && sentBytes <= unchangedBytesMost,
      `more than ${unchangedBytesMost} bytes were sent`,
      evidence,
    );
    return evidence;
  },
};

const ledgerLost: TourStep = {
  name: 'ledger-lost',
  shows: 'an agent that lost everything it knew compares first, and sends nobody again',
  async run(context) {
    const { sandbox } = context;
    const before = sandbox.agent.current();
    const lostAt = new Date().toISOString();
    for (const suffix of ['', '-wal', '-shm']) rmSync(path.join(sandbox.dataDir, `agent.db${suffix}`), { force: true });
    // Its files are gone for the next start; a kill would also leave a long poll behind that swallows the next message for 30 s.
    await sendAndWait(context, { type: 'restart' });
    const pass = await passThat(context, ({ status, startedAt }) => status !== 'running' && startedAt > lostAt);
    const evidence = {
      processBefore: before?.pid,
      exitCode: before?.exitCode,
      status: pass.status,
      patients: pass.patients,
      patientsResent: sentIn(pass),
      patientsAdopted: pass.figures?.adopted,
      rounds: pass.rounds,
    };
    prove(before?.exitCode === 10, 'the agent did not start anew', evidence);
    prove(pass.status === 'equal' && sentIn(pass) === 0, 'patients were sent again', evidence);
    prove(pass.figures?.adopted === pass.patients, 'the ledger was not won back', evidence);
    const next = await passNow(context);
    prove(next.sentBytes <= unchangedBytesMost && sentIn(next.pass) === 0, 'the next pass knew nothing', evidence);
    return { ...evidence, bytesOfTheNextPass: next.sentBytes };
  },
};

const serverRestored: TourStep = {
  name: 'server-restored',
  shows: 'Flynotes restored from an older backup is made current again by the next pass',
  async run(context) {
    const { sandbox } = context;
    await passNow(context);
    await sandbox.flynotes.backUp();
    const edited = await sandbox.reception.patientsWithHistory(3);
    const surnames = edited.map((code) => `Restored-${code}`);
    for (const code of edited) await sandbox.reception.editPatient(code, { surname: `Restored-${code}` });
    const added = await sandbox.reception.addPatient({ forename: 'After', surname: 'Backup-Example' });
    await passNow(context);
    const look = async () => {
      const held = await Promise.all(edited.map((code) => sandbox.operator.patient(code)));
      return {
        current: held.filter((patient, index) => patient?.basics?.surname === surnames[index]).length,
        hasAdded: (await sandbox.operator.patient(added))?.state === 'held',
      };
    };
    const sentBefore = await look();
    await sandbox.flynotes.restore();
    const afterRestore = await look();
    const { pass } = await passNow(context);
    const healed = await look();
    // R4 as it was, so that later proofs can count.
    await sandbox.reception.removePatient(added);
    const { pass: last } = await passNow(context);
    const evidence = {
      edited,
      added,
      beforeTheRestore: sentBefore,
      afterTheRestore: afterRestore,
      afterTheNextPass: healed,
      status: pass.status,
      rounds: pass.rounds,
      bucketsAsked: pass.bucketsAsked,
      patientsSent: sentIn(pass),
      patientsHealed: pass.healed,
      removedAtTheEnd: last.removed,
    };
    prove(sentBefore.current === edited.length && sentBefore.hasAdded, 'the changes did not arrive', evidence);
    prove(afterRestore.current === 0 && !afterRestore.hasAdded, 'nothing was restored: nothing is proved', evidence);
    prove(pass.status === 'equal' && pass.rounds > 0, 'the pass found no difference', evidence);
    prove(healed.current === edited.length && healed.hasAdded, 'it was not healed', evidence);
    prove(pass.healed === edited.length + 1, 'something else was changed too', evidence);
    prove(last.removed === 1, 'the patient who left R4 again was not removed', evidence);
    return evidence;
  },
};

/** What comes of lost knowledge, on either side. */
export const paritySteps: readonly TourStep[] = [ledgerLost, serverRestored];
