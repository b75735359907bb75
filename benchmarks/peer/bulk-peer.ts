/**
 * What a competent engineer would write in an afternoon: all patients as one recordset of `mssql`, mapped to objects, sent as JSON in
 * batches of 1,000 by `fetch`, which keeps its connection. It sends everything each time; nothing is remembered, nothing is proved.
 *
 * `node bulk-peer.ts PORT FLYNOTES_URL` prints `{"elapsedMs","patients","peakMb"}`.
 */
import sql from 'mssql';

const [, , port = '', flynotesUrl = ''] = process.argv;
const batchRows = 1_000;

interface PatientRow {
  PatientCode: number;
  Title: string | null;
  Forename: string | null;
  Surname: string | null;
  PreferredName: string | null;
  Sex: string | null;
  DOB: Date | null;
  NHSNumber: string | null;
  EMail: string | null;
  MobileNo: string | null;
  HomeTel: string | null;
  WorkTel: string | null;
  Archived: boolean | null;
  Address1: string | null;
  Address2: string | null;
  Address3: string | null;
  Town: string | null;
  County: string | null;
  PostCode: string | null;
}

const text = (value: string | null): string | undefined => value?.trim() || undefined;

const patientOf = (row: PatientRow): object => ({
  patientCode: row.PatientCode,
  title: text(row.Title),
  forename: text(row.Forename),
  surname: text(row.Surname),
  knownAs: text(row.PreferredName),
  sex: { M: 'male', F: 'female' }[row.Sex?.trim().toUpperCase() ?? ''] ?? undefined,
  dateOfBirth: row.DOB?.toISOString().slice(0, 10),
  nhsNumber: text(row.NHSNumber)?.replaceAll(/[\s-]/g, ''),
  emails: [text(row.EMail)].filter((email) => email !== undefined),
  phones: [
    { kind: 'mobile', number: text(row.MobileNo) },
    { kind: 'home', number: text(row.HomeTel) },
    { kind: 'work', number: text(row.WorkTel) },
  ].filter(({ number }) => number !== undefined),
  addressLines: [row.Address1, row.Address2, row.Address3, row.Town, row.County]
    .map(text)
    .filter((line) => line !== undefined),
  postcode: text(row.PostCode)?.toUpperCase(),
  archived: row.Archived ?? undefined,
});

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
const { recordset } = await pool.request().query<PatientRow>(
  `SELECT PatientCode, Title, Forename, Surname, PreferredName, Sex, DOB, NHSNumber, EMail, MobileNo, HomeTel, WorkTel, Archived,
     Address1, Address2, Address3, Town, County, PostCode FROM dbo.Patients`,
);
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
