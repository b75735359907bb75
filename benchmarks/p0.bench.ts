import type { Benchmark } from './benchmark.ts';
import { startChild } from './child.ts';
import { alternate } from './measure.ts';
import { drain } from './p0/drain.ts';

const rows = 100_000;

// 25 columns of the practice's own table: numbers, dates, CP1252 and Unicode texts, padded chars, flags, money, nulls.
const columns = [
  'PatientCode, Title, Forename, MiddleName, Surname, PreferredName, Sex, DOB, Address1, Address2, Address3, Town, County',
  'PostCode, HomeTel, WorkTel, MobileNo, EMail, NHSNumber, DentistCode, DateRegistered, LastVisit, Archived, CreditLimit, LastUpdated',
].join(', ');
const statement = `SELECT ${columns} FROM dbo.Patients`;

/**
 * How much of a client's time the simulator costs: were it slow, it would flatter every other ratio. The floor is the same
 * bytes of the same conversation out of memory.
 */
export const benchmark: Benchmark = {
  title: `R4 simulator against its own bytes from memory, ${rows.toLocaleString('en-GB')} rows of 25 columns into raw tedious`,
  figures: [{ name: 'ratio', bound: 'at-least', value: 0.7 }],
  async run(progress) {
    await using simulator = await startChild('packages/sandbox/src/r4-server/main.ts', [
      '--patients',
      String(rows),
      '--until-stdin-closes',
    ]);
    const simulatorPort = Number(simulator.ready['port']);
    progress(`simulator listens after ${String(simulator.ready['startedInMs'])} ms`);
    await using replay = await startChild('benchmarks/p0/replay-server.ts', [String(simulatorPort)]);
    const replayPort = Number(replay.ready['port']);

    const rowsPerSecond = async (port: number): Promise<number> => {
      const drained = await drain(port, statement);
      if (drained.rows !== rows || drained.columns !== 25) {
        throw new Error(`Expected ${rows} rows of 25 columns, got ${drained.rows} of ${drained.columns}.`);
      }
      return (drained.rows / drained.elapsedMs) * 1000;
    };
    // The replay server records the first conversation that goes through it.
    await rowsPerSecond(replayPort);
    const pairs = await alternate(
      { first: () => rowsPerSecond(simulatorPort), second: () => rowsPerSecond(replayPort) },
      7,
      progress,
    );
    return {
      figures: { ratio: Number(pairs.ratio.toFixed(3)) },
      legs: [
        { name: 'simulator', value: pairs.first, unit: 'rows/s' },
        { name: 'replay from memory', value: pairs.second, unit: 'rows/s' },
      ],
      method: `${pairs.count} alternating pairs, median`,
    };
  },
};
