import { readFileSync } from 'node:fs';
import path from 'node:path';
import * as contract from '@flynotes/carestream-server/api';
import { describe, expect, test } from 'vitest';
import * as host from './agent-interface.ts';
import { emptyState, quarantinedMost } from './host-state.ts';
import { openEnvelope, type PinnedKey } from './signed-envelope.ts';
import { slotText } from './slots.ts';
import { hostTimes } from './times.ts';
import { createPauses } from './pauses.ts';
import { compareVersions } from './version-order.ts';

interface Vectors {
  readonly keys: { readonly release: PinnedKey[]; readonly directive: PinnedKey[] };
  readonly envelopes: readonly {
    readonly name: string;
    readonly purpose: 'releaseManifest' | 'directive';
    readonly expect: string;
    readonly envelope: unknown;
  }[];
  readonly folders: readonly { readonly version: string; readonly tarballSha512: string; readonly folder: string }[];
}
const vectorsFile = path.join(import.meta.dirname, '../../carestream-server/src/contract/vectors/releases.json');
const vectors = JSON.parse(readFileSync(vectorsFile, 'utf8')) as Vectors;

describe('host and agent agree', () => {
  test('on names, places and prefixes', () => {
    expect(host.environmentNames).toEqual(contract.hostEnvironment);
    expect(host.places).toMatchObject(contract.hostFiles);
    expect(host.signatureContexts).toEqual(contract.signatureContexts);
    expect(host.releasePackageName).toBe(contract.releasePackageName);
    expect(host.agentNodeFlags).toEqual(contract.agentNodeFlags);
    expect(host.agentNodeEnvironment).toEqual(contract.agentNodeEnvironment);
    expect(host.healthFileDescriptor).toBe(contract.healthFileDescriptor);
    expect(contract.versionSchema.safeParse(host.hostVersion).success).toBe(true);
    const { version } = JSON.parse(readFileSync(path.join(import.meta.dirname, '../package.json'), 'utf8')) as {
      version: string;
    };
    expect(host.hostVersion).toBe(version);
  });

  test('on every exit code there is', () => {
    const kinds = { 'at-once': 'at-once', staged: 'candidate', wait: 'fixed', grow: 'growing' } as const;
    for (const code of [null, ...Array.from({ length: 256 }, (_, code) => code)]) {
      expect(kinds[host.exitRuleOf(code)], String(code)).toBe(contract.restartRuleOf(code).kind);
    }
    expect(host.configurationExit).toBe(contract.exitCodes.configuration);
  });

  test('on the pauses', () => {
    const ended = { staged: false, livedMs: 3_600_000, healthyMs: 60_000, everHealthy: true };
    for (const exitCode of Object.values(contract.exitCodes)) {
      const rule = contract.restartRuleOf(exitCode);
      const pauses = createPauses(hostTimes);
      const row = Array.from({ length: 12 }, () => pauses.after({ ...ended, exitCode }));
      const first = rule.kind === 'growing' ? rule.firstMs : rule.kind === 'fixed' ? rule.delayMs : 0;
      const last = rule.kind === 'growing' ? rule.mostMs : first;
      expect([row[0], row.at(-1)], String(exitCode)).toEqual([first, last]);
    }
    expect(hostTimes.healthyResetMs).toBe(contract.healthyResetMs);
    expect(hostTimes.stopWithinMs).toBe(contract.stopWithinMs);
    expect(hostTimes.staleMs).toBeGreaterThan(contract.healthEveryMs * 2);
  });

  test.each(vectors.envelopes)('on $name: $expect', ({ purpose, envelope, expect: expected }) => {
    const keys = vectors.keys[purpose === 'directive' ? 'directive' : 'release'];
    const opened = openEnvelope(envelope, purpose, keys);
    const reasons: Record<string, string> = {
      'unknown-key': 'signed by an unknown key',
      'wrong-signature': 'wrong signature',
    };
    if (expected === 'verified') {
      const schema = purpose === 'directive' ? contract.directiveSchema : contract.releaseManifestSchema;
      expect(schema.safeParse(opened.outcome === 'verified' ? opened.body : null).success).toBe(true);
    } else expect(opened).toEqual({ outcome: 'refused', reason: reasons[expected] });
  });

  test.each(vectors.folders)('on the folder of $version', ({ version, tarballSha512, folder }) => {
    expect(host.releaseFolderOf(version, tarballSha512)).toBe(folder);
    expect(host.releaseFolderPattern.test(folder)).toBe(true);
    expect(contract.releaseFolderSchema.safeParse(folder).success).toBe(true);
  });

  test('on the order of versions', () => {
    const ordered = [
      '0.9.9',
      '1.0.0-alpha',
      '1.0.0-alpha.1',
      '1.0.0-alpha.beta',
      '1.0.0-2',
      '1.0.0',
      '1.2.0',
      '1.10.0',
    ];
    for (const left of ordered) {
      for (const right of ordered) {
        const [ours, theirs] = [compareVersions(left, right), contract.compareVersions(left, right)];
        expect(Math.sign(ours), `${left} ${right}`).toBe(Math.sign(theirs));
      }
    }
  });

  test('on what a slot holds', () => {
    const quarantined = Array.from({ length: quarantinedMost }, (_, n) => ({
      releaseSha512: n.toString(16).padStart(128, '0'),
      attempt: 1,
      reason: 'x'.repeat(200),
    }));
    const trial = {
      releaseSha512: 'a'.repeat(128),
      attempt: 2,
      open: true,
      interrupted: 1,
      strikes: 1,
      failure: 'crashed: exit 1',
    };
    const states = [
      emptyState,
      { ...emptyState, stable: '1.0.0-01234567', previous: '0.9.0-beta.1-89abcdef', sequence: 3, floor: '0.9.0' },
      { ...emptyState, candidate: '1.1.0-01234567', tries: 2, trial, quarantined },
    ];
    for (const state of states) {
      const slot: unknown = JSON.parse(slotText(7, state));
      const { trial: _, stableAttempt: __, directiveKey: ___, ...agreed } = state;
      expect(contract.hostStateSlotSchema.parse(slot)).toMatchObject({ gen: 7, body: agreed });
    }
  });
});
