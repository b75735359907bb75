import type { Check } from '../check.ts';
import { failed, passed, warned } from '../finding.ts';
import type { DoctorPorts } from '../ports.ts';

const megabyte = 1_048_576;
/** The state of a large practice takes some 100 MB, logs 50. */
const wantedMb = 1_024;
const neededMb = 20;

/** The data folder can be written, and its disk has room. */
export function createDiskCheck(ports: Pick<DoctorPorts, 'lookAtFolder'>): Check {
  return {
    name: 'disk',
    needs: ['config'],
    mostMs: 5_000,
    late: 'STATE_UNUSABLE',
    async run() {
      const { exists, freeBytes, agentRuns } = await ports.lookAtFolder();
      const freeMb = Math.floor(freeBytes / megabyte);
      if (freeMb < neededMb) return failed('DISK_FULL', { facts: `${freeMb} MB free` });
      if (freeMb < wantedMb) return warned('DISK_LOW', { facts: `${freeMb} MB free` });
      const folder = exists
        ? 'The data folder can be written'
        : 'The data folder is not there yet and can be made; the agent does that at its first start';
      return passed(`${folder}; ${freeMb} MB free.${agentRuns ? ' An agent is running with it.' : ''}`);
    },
  };
}
