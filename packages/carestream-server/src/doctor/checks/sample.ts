import { mapBasics, mapFullRecord, patientCodeOf } from '../../records/index.ts';
import { localDateOf } from '../../upload/index.ts';
import type { Check, Finding } from '../check.ts';
import { failed, passed, warned } from '../finding.ts';
import type { DoctorPorts, Findings } from '../ports.ts';

const sampleRows = 20;
const sampleRecords = 3;
/** Where the licence, which tells it, could not be asked. */
const usualTimeZone = 'Europe/London';

/** Some patients are read and mapped, as an upload would. Only counts leave this function. */
export function createSampleCheck(ports: DoctorPorts, findings: Findings): Check {
  return {
    name: 'sample',
    needs: ['schema'],
    mostMs: 10_000,
    late: 'PRACTICE_TIMEOUT',
    async run(signal) {
      const { reader } = findings.practice!;
      const timeZone = findings.licence?.practice.timeZone ?? usualTimeZone;
      const today = localDateOf(ports.clock.now(), timeZone);
      const { rows } = await reader.readBasicsPage(null, sampleRows, signal);
      const rules = new Map<string, number>();
      const refused = new Map<string, number>();
      const codes: number[] = [];
      for (const row of rows) {
        const mapped = mapBasics(row, { today });
        if (mapped.outcome === 'refused') add(refused, mapped.code);
        for (const rule of mapped.rules) add(rules, rule);
        const code = patientCodeOf(row.patientCode);
        if (code !== null && codes.length < sampleRecords) codes.push(code);
      }
      let records = 0;
      for (const code of codes) {
        const record = await reader.readPatient(code, signal);
        if (record !== null && mapFullRecord(record, { today, timeZone }).outcome === 'mapped') records += 1;
      }
      return judged({ read: rows.length, records, refused, rules });
    },
  };
}

interface Sample {
  readonly read: number;
  readonly records: number;
  readonly refused: ReadonlyMap<string, number>;
  readonly rules: ReadonlyMap<string, number>;
}

function judged({ read, records, refused, rules }: Sample): Finding {
  if (read === 0) return warned('PRACTICE_EMPTY');
  const refusals = [...refused.values()].reduce((sum, count) => sum + count, 0);
  const counted = rules.size === 0 ? 'no rule for doubtful data applied' : `rules that applied: ${listOf(rules)}`;
  const facts = `${read} patients read, ${read - refusals} mapped, ${records} with their history; ${counted}`;
  if (refusals >= read) return failed('RECORD_INVALID', { facts: `${facts}; refused: ${listOf(refused)}` });
  return passed(`${facts}${refusals === 0 ? '' : `; refused: ${listOf(refused)}`}.`);
}

function add(counts: Map<string, number>, name: string): void {
  counts.set(name, (counts.get(name) ?? 0) + 1);
}

function listOf(counts: ReadonlyMap<string, number>): string {
  return [...counts].map(([name, count]) => `${name} ${count}`).join(', ');
}
