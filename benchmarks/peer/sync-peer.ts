/**
 * What a competent engineer would write in an afternoon for both messages: `sqs-consumer` with one handler, `mssql`, and `fetch`, which
 * keeps its connection. As its users write it, the handler works one message at a time: a patient waits for a bulk upload that runs.
 *
 * `node sync-peer.ts JSON` prints `{"receiving":true}` and runs until its standard input closes.
 */
import { SQSClient } from '@aws-sdk/client-sqs';
import sql from 'mssql';
import { Consumer } from 'sqs-consumer';
import { patientColumns, patientOf, text, type PatientRow } from './patients.ts';

const options = JSON.parse(process.argv[2] ?? '{}') as {
  r4Port: number;
  flynotesUrl: string;
  licenceKey: string;
  queueUrl: string;
  region: string;
  endpoint: string;
  credentials: { accessKeyId: string; secretAccessKey: string };
};
const batchRows = 1_000;

const pool = await sql.connect({
  server: '127.0.0.1',
  port: options.r4Port,
  user: 'flynotes_reader',
  password: 'reader-password',
  database: 'sys2000',
  requestTimeout: 600_000,
  options: { encrypt: false, trustServerCertificate: true },
});

async function call<Answer>(method: string, path: string, body: object): Promise<Answer> {
  const response = await fetch(options.flynotesUrl + path, {
    method,
    headers: { 'content-type': 'application/json', authorization: `Bearer ${options.licenceKey}` },
    body: JSON.stringify(body),
  });
  if (!response.ok) throw new Error(`Flynotes answered ${response.status}`);
  return (await response.json()) as Answer;
}

/** Newer than whatever was read before. */
let lastRead = Date.now() * 1_000;
const readSequence = (): number => (lastRead += 1);

const local = (time: Date | null): { local: string } | undefined =>
  time === null ? undefined : { local: time.toISOString().slice(0, -1) };

interface AnswerRow {
  readonly CompletedQuestionnaireID: number;
  readonly Question: string | null;
  readonly Answer: string | null;
  readonly AnswerText: string | null;
}

async function syncPatient(patientCode: number): Promise<void> {
  const sequence = readSequence();
  const { recordsets } = await pool.request().input('code', sql.Int, patientCode).query(`
    SELECT ${patientColumns} FROM dbo.Patients WHERE PatientCode = @code;
    SELECT Alert, DateCreated FROM dbo.MedicalAlerts WHERE PatientCode = @code AND Active = 1;
    SELECT CompletedQuestionnaireID, DateTime, Notes FROM dbo.CompletedQuestionnaire WHERE PatientCode = @code ORDER BY DateTime;
    SELECT a.CompletedQuestionnaireID, q.Question, p.Answer, a.AnswerText
      FROM dbo.CompletedQuestionnaire c
      JOIN dbo.QuestionnaireAnswers a ON a.CompletedQuestionnaireID = c.CompletedQuestionnaireID
      LEFT JOIN dbo.QuestionnaireQuestions q ON q.QuestionID = a.QuestionID
      LEFT JOIN dbo.QuestionnairePresetAnswers p ON p.PresetAnswerID = a.PresetAnswerID
      WHERE c.PatientCode = @code ORDER BY a.AnswerID`);
  const [patients, alerts, questionnaires, answers] = recordsets as unknown as [
    PatientRow[],
    { Alert: string | null; DateCreated: Date | null }[],
    { CompletedQuestionnaireID: number; DateTime: Date | null; Notes: string | null }[],
    AnswerRow[],
  ];
  const [patient] = patients;
  if (patient === undefined) return;
  const record = {
    basics: patientOf(patient),
    medicalAlerts: alerts.flatMap(({ Alert, DateCreated }) => {
      const words = text(Alert);
      return words === undefined ? [] : { text: words, recordedAt: local(DateCreated) };
    }),
    questionnaires: questionnaires.map(({ CompletedQuestionnaireID, DateTime, Notes }) => ({
      completedAt: local(DateTime),
      notes: text(Notes),
      answers: answers
        .filter((answer) => answer.CompletedQuestionnaireID === CompletedQuestionnaireID)
        .flatMap((answer) => {
          const question = text(answer.Question);
          return question === undefined
            ? []
            : { question, preset: text(answer.Answer), ownWords: text(answer.AnswerText) };
        }),
    })),
  };
  await call('PUT', `/v1/patients/${patientCode}`, { readSequence: sequence, record });
}

async function uploadAll(): Promise<void> {
  const sequence = readSequence();
  const { recordset } = await pool.request().query<PatientRow>(`SELECT ${patientColumns} FROM dbo.Patients`);
  const { passId, nextBatch } = await call<{ passId: string; nextBatch: number }>('POST', '/v1/bulk-passes', {
    reason: 'requested',
  });
  for (let start = 0; start < recordset.length; start += batchRows) {
    const rows = recordset.slice(start, start + batchRows);
    await call('POST', `/v1/bulk-passes/${passId}/batches`, {
      n: nextBatch + start / batchRows,
      round: 0,
      patients: rows.map((row) => ({ readSequence: sequence, basics: patientOf(row) })),
      removals: [],
    });
  }
}

const consumer = Consumer.create({
  queueUrl: options.queueUrl,
  sqs: new SQSClient({ region: options.region, endpoint: options.endpoint, credentials: options.credentials }),
  waitTimeSeconds: 20,
  visibilityTimeout: 600,
  async handleMessage(message) {
    const { type, patientCode } = JSON.parse(message.Body ?? '') as { type: string; patientCode: number };
    if (type === 'patient-sync') await syncPatient(patientCode);
    else if (type === 'bulk-upload-patients') await uploadAll();
    return message;
  },
});
const complain = (error: Error): void => void process.stderr.write(`peer: ${error.message}\n`);
consumer.on('error', complain);
consumer.on('processing_error', complain);
consumer.start();
process.stdout.write('{"receiving":true}\n');
process.stdin.resume().on('end', () => process.exit(0));
