import type { Check } from '../check.ts';
import { failed, notChecked, passed, warned } from '../finding.ts';
import type { DoctorPorts, Findings } from '../ports.ts';

const minuteMs = 60_000;
/** The queue takes no signature that is further off than this. */
const clockMostMs = 5 * minuteMs;
const clockWorthTellingMs = 2 * minuteMs;

/** The name of Flynotes' server, or of the proxy that will resolve it, has an address. */
export function createDnsCheck(ports: DoctorPorts): Check {
  return {
    name: 'dns',
    needs: ['config'],
    mostMs: 6_000,
    late: 'FLYNOTES_NAME_UNRESOLVED',
    async run() {
      const { host, proxy } = ports.address;
      const name = proxy === null ? host : hostOf(proxy);
      const through = proxy === null ? '' : ' (the proxy; it resolves Flynotes’ name itself)';
      const addresses = await ports.resolve(name.replaceAll(/[[\]]/g, ''));
      return passed(`${name} has ${addresses} ${addresses === 1 ? 'address' : 'addresses'}${through}.`);
    },
  };
}

/** The proxy, where there is one, lets connections to Flynotes through. */
export function createProxyCheck(ports: DoctorPorts): Check {
  return {
    name: 'proxy',
    needs: ['dns'],
    mostMs: 8_000,
    late: 'PROXY_REFUSED',
    async run(signal) {
      const { proxy } = ports.address;
      if (proxy === null) return passed('No proxy stands between this machine and Flynotes.');
      await ports.askProxy(signal);
      return passed(`The proxy ${proxy} lets connections to Flynotes through.`);
    },
  };
}

/** Flynotes is there, over an encrypted connection that this machine trusts. */
export function createFlynotesTlsCheck(ports: DoctorPorts, findings: Findings): Check {
  return {
    name: 'flynotes-tls',
    needs: ['dns', 'proxy'],
    mostMs: 9_000,
    late: 'FLYNOTES_TIMEOUT',
    async run(signal) {
      const knock = await ports.knock(signal);
      if (knock.isPage) return failed('FLYNOTES_INTERCEPTED', { facts: `status: ${knock.status}` });
      findings.knock = knock;
      return passed(
        ports.address.encrypted
          ? `${ports.address.host} answers, and its certificate is trusted.`
          : `${ports.address.host} answers without TLS; only this machine itself may be reached so.`,
      );
    },
  };
}

/** This machine's clock agrees with Flynotes'. */
export function createClockCheck(ports: Pick<DoctorPorts, 'clock'>, findings: Findings): Check {
  return {
    name: 'clock',
    needs: ['flynotes-tls'],
    mostMs: 1_000,
    late: 'CLOCK_WRONG',
    async run() {
      const dateMs = findings.knock?.dateMs ?? null;
      if (dateMs === null) return notChecked('Not checked, because Flynotes’ answer bore no date.');
      const offMs = ports.clock.now() - dateMs;
      const aheadOrBehind = offMs > 0 ? 'ahead of' : 'behind';
      const facts = `${durationOf(Math.abs(offMs))} ${aheadOrBehind} Flynotes`;
      if (Math.abs(offMs) > clockMostMs) return failed('CLOCK_WRONG', { facts });
      if (Math.abs(offMs) > clockWorthTellingMs) return warned('CLOCK_WRONG', { facts });
      return passed('The clock agrees with Flynotes’ to within two minutes.');
    },
  };
}

/** Flynotes knows the licence key, and this version may work. */
export function createLicenceCheck(ports: DoctorPorts, findings: Findings): Check {
  return {
    name: 'licence',
    needs: ['flynotes-tls'],
    mostMs: 11_000,
    late: 'FLYNOTES_TIMEOUT',
    async run(signal) {
      const licence = await ports.licence(signal);
      findings.licence = licence;
      return passed(`The licence is that of “${licence.practice.name}” (${licence.practice.id}).`);
    },
  };
}

/** Where new versions come from, when the licence names it. */
export function createRegistryCheck(ports: DoctorPorts, findings: Findings): Check {
  return {
    name: 'registry',
    needs: ['licence'],
    mostMs: 9_000,
    late: 'REGISTRY_UNREACHABLE',
    async run(signal) {
      const registry = findings.licence?.registry ?? null;
      if (registry === null) return passed('The licence names no registry; there is nothing to reach.');
      await ports.askRegistry(registry, signal);
      return passed(`The registry ${new URL(registry.url).host} answers.`);
    },
  };
}

/** The queue takes the credentials. */
export function createQueueCheck(ports: DoctorPorts, findings: Findings): Check {
  return {
    name: 'queue',
    needs: ['licence'],
    mostMs: 12_000,
    late: 'QUEUE_UNREACHABLE',
    async run(signal) {
      const { queue } = findings.licence!;
      const waiting = await ports.lookAtQueue(queue, signal);
      const messages = waiting === 1 ? '1 message waits' : `${waiting} messages wait`;
      return passed(
        `The queue takes the credentials; ${messages}. It was only asked about itself, no message was taken.`,
      );
    },
  };
}

function hostOf(hostAndPort: string): string {
  return hostAndPort.replace(/:\d+$/, '');
}

function durationOf(ms: number): string {
  const minutes = Math.round(ms / minuteMs);
  if (minutes < 120) return `${minutes} minutes`;
  return minutes < 2_880 ? `${Math.round(minutes / 60)} hours` : `${Math.round(minutes / 1_440)} days`;
}
