import type { PatientUpload, PatientUploadAnswer } from '@flynotes/carestream-server/api';
import type { Database } from '../database/index.ts';
import { eventChannel } from '../events/index.ts';
import { json } from '../practices/index.ts';
import type { Practice } from '../practices/index.ts';
import { createPracticeDigester, digestHex, digestNumber } from './practice-digester.ts';

/** Newer basics are held. */
const overtaken = 'p.read_sequence >= excluded.read_sequence';

/**
 * Stores one patient's full record: the history, and the basics with their digest as a bulk pass would. What is older than what is held
 * changes nothing, each for itself: a page of a pass that was read later and came first brought newer basics, and no history, which
 * somebody waits for at a screen. One statement, one round trip.
 */
export async function putPatient(
  database: Database,
  practice: Practice,
  upload: PatientUpload,
): Promise<PatientUploadAnswer> {
  const { basics, ...history } = upload.record;
  const digester = createPracticeDigester(practice.digestKey);
  const digest = digester.ofRecord(basics);
  const isSame = `p.state = 'held' and (p.digest is not distinct from excluded.digest or ${overtaken}) and p.history is not distinct from excluded.history`;
  const newest = (column: string) => `${column} = case when ${overtaken} then p.${column} else excluded.${column} end`;
  const [written] = await database.query<{ was: string; overtaken: boolean; held: string }>(
    `with written as (
       insert into patients as p (practice_id, patient_code, bucket, state, digest, read_sequence, basics, history, history_sequence, was, changed_at)
       values ($1, $2::int, $3::int, 'held', $4::text::numeric, $5::bigint, $6::text::jsonb, $7::text::jsonb, $5::bigint, 'absent', now())
       on conflict (practice_id, patient_code) do update set
         was = case when ${isSame} then 'same' when p.state <> 'held' then p.state else 'other' end,
         changed_at = case when ${isSame} then p.changed_at else now() end,
         state = excluded.state,
         ${newest('digest')},
         ${newest('read_sequence')},
         ${newest('basics')},
         history = excluded.history,
         history_sequence = excluded.history_sequence
       where p.read_sequence < excluded.read_sequence
         or (p.state = 'held' and coalesce(p.history_sequence, 0) < excluded.history_sequence)
       returning p.patient_code, p.was, p.read_sequence > $5::bigint as overtaken, p.digest::text as held
     ), told as (
       insert into events (practice_id, type, patient_code, body)
       select $1, 'patient-changed', patient_code, '{"kind": "full-record"}' from written where was <> 'same'
     )
     select was, overtaken, held, pg_notify('${eventChannel}', $1::text) from written`,
    [
      practice.id,
      basics.patientCode,
      digester.bucketOf(basics.patientCode),
      digestNumber(digest),
      upload.readSequence,
      json(basics),
      json(history),
    ],
  );
  if (written?.overtaken === true) return { outcome: 'stale', digest: digestHex(written.held) };
  if (written !== undefined) return { outcome: written.was === 'same' ? 'unchanged' : 'stored', digest };
  const [held] = await database.query<{ digest: string | null }>(
    'select digest::text as digest from patients where practice_id = $1 and patient_code = $2::int',
    [practice.id, basics.patientCode],
  );
  return { outcome: 'stale', digest: held?.digest == null ? '0'.repeat(32) : digestHex(held.digest) };
}
