import { afterAll, beforeAll, expect, test } from 'vitest';
import { bytesIn, createRig, eventually, type AgentProcess, type Rig } from './rig.ts';

/**
 * Patients whose every text is a marker that occurs nowhere else. Whatever happens, no marker may reach Rollbar, a log, a heartbeat, a
 * command's result, standard error or the agent's data folder; and Flynotes must receive them, or the search proves nothing.
 */
let rig: Rig;
const dataDirs: string[] = [];
const said: string[] = [];

const first = 5_000_001;
const nameless = first + 3;
/** The markers of one patient, by column. */
const columns = [
  'Title',
  'Forename',
  'MiddleName',
  'Surname',
  'PreferredName',
  'Address1',
  'Address2',
  'Address3',
  'Town',
  'County',
  'PostCode',
  'HomeTel',
  'WorkTel',
  'MobileNo',
  'EMail',
  'NHSNumber',
  'Occupation',
  'Notes',
] as const;
const unnamed: ReadonlySet<string> = new Set(['Forename', 'Surname']);
/** Columns that Flynotes is not sent. */
const unsent: ReadonlySet<string> = new Set(['MiddleName', 'Occupation', 'Notes']);
const markers: string[] = [];
const expected: string[] = [];

/** A word that fits the shortest column and is found whichever way its letters are written. */
function marker(reaches: boolean): string {
  const word = `Qzx${String(markers.length).padStart(3, '0')}j`;
  markers.push(word);
  if (reaches) expected.push(word);
  return word;
}

beforeAll(async () => {
  rig = await createRig({ patients: 150, dialect: 'classic' });
  const type = typist();
  for (let code = first; code <= nameless; code++) {
    const isNameless = code === nameless;
    const texts = columns
      .filter((column) => !isNameless || !unnamed.has(column))
      .map((column) => {
        const word = marker(!isNameless && !unsent.has(column));
        return { column, text: column === 'EMail' ? `${word}@example.com` : word };
      });
    type(
      `INSERT INTO Patients (PatientCode, Sex, ${texts.map(({ column }) => column).join(', ')})
       VALUES (${code}, 'F', ${texts.map(({ text }) => `'${text}'`).join(', ')})`,
    );
    if (isNameless) continue;
    type(
      `INSERT INTO CompletedQuestionnaire (CompletedQuestionnaireID, PatientCode, DateTime, Notes)
       VALUES (${code}, ${code}, '2024-10-27T01:30:00', '${marker(true)}')`,
    );
    type(
      `INSERT INTO QuestionnaireAnswers (AnswerID, CompletedQuestionnaireID, QuestionID, PresetAnswerID, AnswerText)
       VALUES (${code}, ${code}, 1, NULL, '${marker(true)}')`,
    );
    type(
      `INSERT INTO MedicalAlerts (AlertID, PatientCode, Alert, Active) VALUES (${code}, ${code}, '${marker(true)}', 1)`,
    );
  }
});
afterAll(() => rig?.[Symbol.asyncDispose]());

test('nothing of a patient is anywhere but in R4 and at Flynotes', async () => {
  const config = rig.config();
  dataDirs.push(String(config['dataDir']));
  let agent = rig.startAgent(config);
  await eventually('an equal pass', () => rig.reports('pass.completed')[0]);

  const results: unknown[] = [];
  const send = async (message: Parameters<Rig['operator']['send']>[0]): Promise<string> => {
    const messageId = await rig.operator.send(message);
    const result = await eventually(`the result of ${message.type}`, () => rig.operator.result(messageId));
    results.push(result);
    return result.outcome;
  };
  for (let code = first; code < nameless; code++) {
    expect(await send({ type: 'patient-sync', patientCode: code })).toBe('done');
  }
  expect(await send({ type: 'patient-sync', patientCode: nameless })).toBe('failed');
  expect(await send({ type: 'questionnaire-questions-upload' })).toBe('done');
  expect(await send({ type: 'questionnaire-answers-upload' })).toBe('done');

  // The line breaks amidst a patient's rows, and SQL Server chooses the query as victim after some.
  rig.r4.faults.add({ kind: 'cut', afterBytes: 200, times: 2, matching: /MedicalAlerts/ });
  rig.r4.faults.add({ kind: 'deadlock', afterRows: 1, times: 3, matching: /MedicalAlerts/ });
  await send({ type: 'patient-sync', patientCode: first });
  // A sender that does not know what belongs into a message.
  const queueUrl = await rig.operator.queueUrl();
  await rig.sqs.sendMessage(
    queueUrl,
    JSON.stringify({ type: 'patient-sync', patientCode: markers[0], [markers[1] ?? '']: markers[2] }),
  );
  await rig.sqs.sendMessage(queueUrl, `not even JSON: ${markers[3]}`);
  await eventually('both bad messages reported', () => rig.reports('message.invalid').length >= 2);

  // Typed over while a page that SQL Server cuts off is read, and nobody there to take it.
  typist()(`UPDATE Patients SET Address1 = '${marker(true)}' WHERE PatientCode = ${first}`);
  rig.r4.faults.add({ kind: 'cut', afterRows: 20, times: 3, matching: /TOP \(/ });
  expect(await send({ type: 'bulk-upload-patients' })).toBe('done');

  expect(await send({ type: 'restart' })).toBe('done');
  await end(agent);
  agent = rig.startAgent(config);
  await eventually('another pass', () => rig.reports('pass.completed').length >= 3);
  agent.signal('SIGKILL');
  await end(agent);
  agent = rig.startAgent(config);
  await eventually('a pass after the crash', () => rig.reports('pass.completed').length >= 4);
  await eventually('a heartbeat', async () => (await rig.operator.heartbeats(10)).length > 0);
  // Looked at while it runs too: files that only exist while the database is open.
  const running = bytesIn(String(config['dataDir']));
  agent.signal('SIGTERM');
  expect(await end(agent)).toBe(0);

  const places: Readonly<Record<string, Buffer>> = {
    'the data folder while the agent ran': running,
    'the data folder': Buffer.concat(dataDirs.map((folder) => bytesIn(folder))),
    'what Rollbar received': Buffer.concat([...rig.rollbar.rawBodies()]),
    heartbeats: Buffer.from(JSON.stringify(await rig.operator.heartbeats(100))),
    'command results': Buffer.from(JSON.stringify(results)),
    'standard error': Buffer.from(said.join('\n')),
  };
  const found = Object.entries(places).flatMap(([place, bytes]) =>
    markersIn(bytes).map((word) => `${word} in ${place}`),
  );
  expect(found).toEqual([]);
  // The search looked at something, and can find what is there.
  expect(places['the data folder']?.length).toBeGreaterThan(10_000);
  expect(places['what Rollbar received']?.length).toBeGreaterThan(5_000);
  const received = await rig.flynotes.database.query<{ whole: string }>(
    `select basics::text || coalesce(history::text, '') as whole from patients where patient_code between $1 and $2`,
    [first, nameless],
  );
  const overwritten = markers[columns.indexOf('Address1')];
  expect(markersIn(Buffer.from(received.map(({ whole }) => whole).join('\n'))).sort()).toEqual(
    expected.filter((word) => word !== overwritten).sort(),
  );
});

async function end(agent: AgentProcess): Promise<number | null> {
  const exitCode = await agent.ended;
  said.push(agent.words());
  return exitCode;
}

/** The markers that stand somewhere in the bytes, as UTF-8 or UTF-16, in whatever case. */
function markersIn(bytes: Buffer): string[] {
  const texts = [bytes.toString('latin1'), bytes.toString('latin1').replaceAll('\0', '')].map((text) =>
    text.toLowerCase(),
  );
  return markers.filter((word) => texts.some((text) => text.includes(word.toLowerCase())));
}

/** Types into R4, as reception does. */
function typist(): (sql: string) => void {
  const session = rig.r4.engine.login({
    user: 'reception',
    password: 'reception-password',
    database: 'sys2000',
    applicationName: 'R4',
    hostName: 'reception-1',
  });
  return (sql) => {
    for (const _ of session.execute(sql, [])) void _;
  };
}
