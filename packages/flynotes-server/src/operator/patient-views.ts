import type { BasicRecord, FullRecord } from '@flynotes/carestream-server/api';
import type { Sql } from '../database/index.ts';
import { digestHex } from '../ingest/index.ts';
import type { Arrival, PatientView } from './operator-schemas.ts';

/** One patient as this server holds it; null where it never came. */
export async function patientView(sql: Sql, practiceId: string, patientCode: number): Promise<PatientView | null> {
  const [row] = await sql.query<{
    state: PatientView['state'];
    readSequence: number;
    digest: string | null;
    changedAt: string;
    basics: BasicRecord | null;
    history: Omit<FullRecord, 'basics'> | null;
  }>(
    `select state, read_sequence as "readSequence", digest::text as digest, changed_at as "changedAt", basics, history
     from patients where practice_id = $1 and patient_code = $2::int`,
    [practiceId, patientCode],
  );
  if (row === undefined) return null;
  const { history, digest, ...rest } = row;
  return {
    patientCode,
    ...rest,
    digest: digest === null ? null : digestHex(digest),
    // The basics are renewed by every pass; the history stays as it last came.
    fullRecord: history === null || rest.basics === null ? null : { basics: rest.basics, ...history },
  };
}

/** So far back it is looked, at the events of all practices: a page that is opened waits for no search. */
const eventsLookedAt = 5_000;

/** Who arrived, changed or left lately, newest first: for those who begin to follow the events. Nobody of whom that is long ago. */
export function latestArrivals(sql: Sql, practiceId: string, limit: number): Promise<Arrival[]> {
  return sql.query(
    `select e.patient_code as "patientCode", e.body->>'kind' as kind, e.at,
       nullif(concat_ws(' ', p.basics->>'title', p.basics->>'forename', p.basics->>'surname'), '') as name
     from (select * from events order by tx desc, id desc limit $3::int) e
     left join patients p on p.practice_id = e.practice_id and p.patient_code = e.patient_code
     where e.practice_id = $1 and e.type = 'patient-changed'
     order by e.tx desc, e.id desc limit $2::int`,
    [practiceId, limit, eventsLookedAt],
  );
}

/** Patients by code or by parts of the name, at most `limit`, in the order of their codes. */
export async function findPatients(
  sql: Sql,
  practiceId: string,
  options: { search: string; after: number; limit: number },
): Promise<unknown[]> {
  const words = options.search.trim().split(/\s+/).filter(Boolean).slice(0, 5);
  const patterns = words.map((word) => `%${word.replaceAll(/[\\%_]/g, String.raw`\$&`)}%`);
  return sql.query(
    `select patient_code as "patientCode", state, changed_at as "changedAt", history is not null as "hasFullRecord",
       nullif(concat_ws(' ', basics->>'title', basics->>'forename', basics->>'surname'), '') as name,
       basics->>'dateOfBirth' as "dateOfBirth"
     from patients
     where practice_id = $1 and patient_code > $2::int
       and (patient_code::text = $3 or (jsonb_array_length($4::text::jsonb) > 0 or $3 = '') and not exists (
         select from jsonb_array_elements_text($4::text::jsonb) as pattern
         where concat_ws(' ', basics->>'forename', basics->>'knownAs', basics->>'surname', patient_code::text) not ilike pattern))
     order by patient_code limit $5::int`,
    [practiceId, options.after, options.search.trim(), JSON.stringify(patterns), options.limit],
  );
}
