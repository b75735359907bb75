// oxlint-disable typescript/no-unsafe-member-access -- answers of every shape are looked into
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { FlynotesServer } from '../index.ts';
import { samplePatients } from '../testing/sample-patients.ts';
import { addPractice, startServer } from '../testing/server-under-test.ts';
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
    expect((await practice.operator('GET', '/passes')).body.passes[0].status).toBe('expired');
    const left = await database.query<{ code: number }>(
      `select patient_code as code from events where type = 'patient-changed' order by 1`,
    );
    expect(left.map(({ code }) => code)).toEqual([2, 3]);
  });
});
