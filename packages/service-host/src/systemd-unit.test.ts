import { spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { faultOfFolder, systemdUnit, unitName } from './systemd-unit.ts';

const settings = {
  installDir: '/opt/flynotes-agent',
  dataDir: '/var/lib/flynotes-agent',
  node: '/opt/flynotes-agent/node',
  account: 'flynotes-agent',
  words: [],
};
/** What systemd itself thinks of it. */
const analyze = (...words: string[]) => spawnSync('systemd-analyze', words, { encoding: 'utf8' });

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'unit-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const written = (text: string): string => {
  const file = path.join(folder, unitName);
  writeFileSync(file, text);
  return file;
};

describe('the unit', () => {
  test('holds what keeps it running, and what keeps it in', () => {
    const lines = systemdUnit(settings).split('\n');
    for (const line of [
      'StartLimitIntervalSec=0',
      'Restart=always',
      'ProtectSystem=strict',
      'ReadWritePaths=/var/lib/flynotes-agent',
      'NoNewPrivileges=yes',
      'PrivateTmp=yes',
      'CapabilityBoundingSet=',
      'User=flynotes-agent',
      'WantedBy=multi-user.target',
    ]) {
      expect(lines).toContain(line);
    }
  });

  test('is understood by systemd, word for word', () => {
    const node = path.join(folder, 'node');
    writeFileSync(node, '');
    chmodSync(node, 0o755);
    const odd = ['{"soakMs":5000}', '100% "sure"', '$HOME', 'C:\\x', "it's"];
    const unit = systemdUnit({ ...settings, dataDir: '/srv/Flynotes 100% "agent" $x', node, words: odd });
    const { status, stdout, stderr } = analyze('verify', '--man=no', written(unit));
    // Other units of the machine may have their own faults.
    const ours = `${stdout}${stderr}`.split('\n').filter((line) => line.includes('flynotes-agent'));
    expect(ours).toEqual([]);
    expect(status === 0 || !stderr.includes(unitName)).toBe(true);
  });

  test('is told apart from one that systemd does not understand', () => {
    const { stderr } = analyze(
      'verify',
      '--man=no',
      written(systemdUnit(settings).replace('Type=exec', 'Type=nonsense')),
    );
    expect(stderr).toContain(unitName);
  });

  test('leaves little to whoever gets into it', () => {
    const { stdout } = analyze(
      'security',
      '--offline=true',
      '--no-pager',
      '--threshold=20',
      written(systemdUnit(settings)),
    );
    expect(stdout).toMatch(/Overall exposure level for flynotes-agent\.service: 1\.\d OK/);
  });
});

test.each([
  ['/var/lib/flynotes-agent', null],
  ['/opt/Flynotes Agent', null],
  ['/srv/tmp', null],
  ['relative', /absolute/],
  ['/', /absolute/],
  ['/home/agent', /hidden/],
  ['/tmp', /hidden/],
  ['/root/x', /hidden/],
  ['/opt/a\nUser=root', /control characters/],
])('a folder %j', (given, fault) => {
  if (fault === null) expect(faultOfFolder(given)).toBeNull();
  else expect(faultOfFolder(given)).toMatch(fault);
});
