// oxlint-disable typescript/no-unsafe-member-access -- answers of every shape are looked into
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { FlynotesServer } from '../index.ts';
import { samplePatients } from '../testing/sample-patients.ts';
import { addPractice, operatorToken, send, startServer } from '../testing/server-under-test.ts';
import { maintain } from './index.ts';

describe('housekeeping', () => {
  let server: FlynotesServer;
  beforeAll(async () => {
    server = await startServer();
  });
  afterAll(() => server.close());

  it('checks every digest once a day, ends overdue passes, and drops what is old', async () => {
    const { database } = server;
    const practice = await addPractice(server);
    const passId = (await practice.agent('POST', '/v1/bulk-passes', { reason: 'scheduled' })).body.passId as string;
    const patients = samplePatients(1, 3).map((basics) => ({ readSequence: 1, basics }));
    await practice.agent('POST', `/v1/bulk-passes/${passId}/batches`, { n: 0, round: 0, patients, removals: [] });
    const digest = async () => (await practice.operator('GET', '/patients/2')).body.digest as string;
    const before = await digest();
    await database.query(`update patients set basics = basics || '{"surname": "Edited"}' where patient_code = 2`);

    await maintain({ database, practices: server.practices });
    expect(await digest()).toBe(before);

    await database.query(`update practices set digests_checked_at = now() - interval '25 hours'`);
    await database.query(`update passes set expires_at = now() - interval '1 minute'`);
    await database.query(`update events set at = now() - interval '8 days' where patient_code = 1`);
    await Promise.all([1, 2].map(() => maintain({ database, practices: server.practices })));
    expect(await digest()).not.toBe(before);
    // Two servers at once count it once.
    expect((await practice.operator('GET', '')).body.digestChecks).toMatchObject({ mismatches: 1 });
    expect((await practice.operator('GET', '/passes')).body.passes[0].status).toBe('expired');
    const left = await database.query<{ code: number }>(
      `select patient_code as code from events where type = 'patient-changed' order by 1`,
    );
    expect(left.map(({ code }) => code)).toEqual([2, 3]);
  });

  it('bounds what is kept of passes, messages and heartbeats', async () => {
    const { database } = server;
    const practice = await addPractice(server);
    const row = (table: string, columns: string, values: string) =>
      database.query(`insert into ${table} (practice_id, ${columns}) values ($1, ${values})`, [practice.id]);
    for (const [id, days] of [
      ['ancient', 200],
      ['old', 100],
      ['new', 1],
    ] as const) {
      const at = `now() - interval '${days} days'`;
      await row(
        'passes',
        'id, reason, status, started_at, expires_at, ended_at, patients',
        `'${id}', 'scheduled', 'equal', ${at}, ${at}, ${at}, 7`,
      );
      await database.query(`insert into batches (pass_id, n, content_hash, answer) values ('${id}', 0, '', '{}')`);
      await database.query(
        `insert into refusals (pass_id, n, position, code, fields) values ('${id}', 0, 0, 'X', '[]')`,
      );
      await row('commands', 'message_id, message, sent_at', `'${id}', '{"type": "test"}', ${at}`);
      await row('command_results', 'message_id, result, received_at', `'${id}', '{"type": "test"}', ${at}`);
      await row('heartbeats', 'heartbeat, received_at', `'{}', ${at}`);
    }
    const counts = async () => {
      const [passes, batches, refusals, commands, results, heartbeats] = await Promise.all(
        [
          'passes where practice_id = $1',
          `batches where pass_id in ('ancient', 'old', 'new') and $1 <> ''`,
          `refusals where pass_id in ('ancient', 'old', 'new') and $1 <> ''`,
          'commands where practice_id = $1',
          'command_results where practice_id = $1',
          'heartbeats where practice_id = $1',
        ].map((of) => database.query<{ count: number }>(`select count(*)::int as count from ${of}`, [practice.id])),
      );
      return { passes, batches, refusals, commands, results, heartbeats };
    };
    await maintain({ database, practices: server.practices });
    const one = [{ count: 1 }];
    expect(await counts()).toEqual({
      passes: one,
      batches: one,
      refusals: one,
      commands: one,
      results: one,
      heartbeats: one,
    });

    // The latest pass stays however old it is: it says how many patients there are.
    await database.query(
      `update passes set started_at = started_at - interval '1 year', ended_at = ended_at - interval '1 year' where id = 'new'`,
    );
    await maintain({ database, practices: server.practices });
    expect((await counts()).passes).toEqual(one);
    const { body } = await send(`${server.url}/v1/operator/practices`, { token: operatorToken });
    expect(body.practices.find(({ id }: { id: string }) => id === practice.id)).toMatchObject({ patients: 7 });
  });
});
