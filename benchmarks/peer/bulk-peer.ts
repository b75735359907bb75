/**
 * What a competent engineer would write in an afternoon: all patients as one recordset of `mssql`, mapped to objects, sent as JSON in
 * batches of 1,000 by `fetch`, which keeps its connection. It sends everything each time; nothing is remembered, nothing is proved.
 *
 * `node bulk-peer.ts PORT FLYNOTES_URL` prints `{"elapsedMs","patients","peakMb"}`.
 */
import sql from 'mssql';
import { patientColumns, patientOf, type PatientRow } from './patients.ts';

const [, , port = '', flynotesUrl = ''] = process.argv;
const batchRows = 1_000;

const pool = await sql.connect({
  server: '127.0.0.1',
  port: Number(port),
  user: 'flynotes_reader',
  password: 'reader-password',
  database: 'sys2000',
  requestTimeout: 600_000,
  options: { encrypt: false, trustServerCertificate: true },
});

const post = async (path: string, body: object): Promise<void> => {
  const response = await fetch(flynotesUrl + path, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: 'Bearer licence-key-of-the-benchmarks' },
    body: JSON.stringify(body),
  });
  if (!response.ok) throw new Error(`Flynotes answered ${response.status}`);
  await response.json();
};

const startedMs = performance.now();
const { recordset } = await pool.request().query<PatientRow>(`SELECT ${patientColumns} FROM dbo.Patients`);
await post('/v1/bulk-passes', { reason: 'scheduled' });
for (let start = 0; start < recordset.length; start += batchRows) {
  const patients = recordset
    .slice(start, start + batchRows)
    .map((row) => ({ readSequence: 1, basics: patientOf(row) }));
  await post('/v1/bulk-passes/peer/batches', { n: start / batchRows, round: 0, patients, removals: [] });
}
const elapsedMs = performance.now() - startedMs;
await pool.close();
process.stdout.write(
  `${JSON.stringify({ elapsedMs, patients: recordset.length, peakMb: process.resourceUsage().maxRSS / 1024 })}\n`,
);
