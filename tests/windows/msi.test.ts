import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { requirements } from '../../tools/provision.ts';
import { call } from '../../tools/windows/call.ts';
import { fileVersionOf, makeMsi } from '../../tools/windows/make-msi.ts';
import { buildNativeParts, type NativeParts } from '../../tools/windows/native-build.ts';
import { signCode } from '../../tools/windows/sign-code.ts';

const toolsAreThere = requirements.windows.every((requirement) => requirement.present());

describe.skipIf(!toolsAreThere)('the MSI as built on Linux', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'carestream-msi-test-'));
  let native: NativeParts;

  beforeAll(() => {
    native = buildNativeParts(folder, '1.2.3');
  }, 120_000);
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  let works = 0;
  function packed(version: string, content: string): string {
    works += 1;
    const work = path.join(folder, `work-${works}`);
    const files = path.join(work, 'files');
    mkdirSync(path.join(files, 'versions/0.1.0-abcdef01/agent'), { recursive: true });
    writeFileSync(path.join(files, 'carestream-service.exe'), readFileSync(native.service));
    writeFileSync(path.join(files, 'versions/0.1.0-abcdef01/agent/agent.mjs'), content);
    // Two that would meet in a key of the MSI's tables, which knows few characters.
    writeFileSync(path.join(files, 'a-b'), '');
    writeFileSync(path.join(files, 'a_b'), '');
    const output = path.join(folder, `agent-${works}.msi`);
    makeMsi({ filesFolder: files, actions: native.actions, version, timeS: 1_700_000_000 }, work, output);
    return output;
  }

  const table = (msi: string, name: string): string[][] =>
    call('msiinfo', ['export', msi, name])
      .split(/\r?\n/)
      .slice(3)
      .filter((line) => line !== '')
      .map((line) => line.split('\t'));
  const property = (msi: string, name: string): string | undefined =>
    table(msi, 'Property').find(([key]) => key === name)?.[1];

  test('the same content gives the same bytes, another content another product that replaces it', async () => {
    const [first, second, other] = [packed('1.2.3', 'x'), packed('1.2.3', 'x'), packed('1.2.3', 'y')];
    expect(readFileSync(first).equals(readFileSync(second))).toBe(true);
    expect(property(other, 'ProductCode')).not.toBe(property(first, 'ProductCode'));
    expect(property(other, 'UpgradeCode')).toBe(property(first, 'UpgradeCode'));
    const upgrade = table(first, 'Upgrade').find((row) => row.includes('WIX_UPGRADE_DETECTED'));
    expect(upgrade?.slice(1, 5)).toEqual(['', '1.2.3', '', '513']);
  });

  test('the C programs are built to the same bytes, and say their version', () => {
    const again = path.join(folder, 'again');
    mkdirSync(again);
    const second = buildNativeParts(again, '1.2.3');
    expect(readFileSync(second.service).equals(readFileSync(native.service))).toBe(true);
    expect(readFileSync(second.actions).equals(readFileSync(native.actions))).toBe(true);
    expect(fileVersionOf(readFileSync(native.service))).toBe('1.2.3.0');
  });

  test('every secret is hidden from the MSI’s log', () => {
    const hidden = property(packed('1.2.3', 'x'), 'MsiHiddenProperties')?.split(';');
    expect(hidden).toEqual(
      expect.arrayContaining(['LICENCEKEY', 'ROLLBARTOKEN', 'R4DATABASE', 'SERVICEPASSWORD', 'Configure']),
    );
  });

  test('undoing stands before what it undoes, and the old version goes inside the transaction', () => {
    const msi = packed('1.2.3', 'x');
    const place = new Map(table(msi, 'InstallExecuteSequence').map(([action = '', , at]) => [action, Number(at)]));
    const inOrder = [
      'AppSearch',
      'LaunchConditions',
      'Prepare',
      'InstallInitialize',
      'RemoveExistingProducts',
      'UndoStop',
      'StopService',
      'StopServices',
      'RemoveFiles',
      'InstallFiles',
      'UndoConfigure',
      'Configure',
      'LaunchService',
      'RemoveService',
      'PurgeData',
      'InstallFinalize',
    ].map((action) => place.get(action));
    expect(inOrder).not.toContain(undefined);
    expect(inOrder).toEqual(inOrder.toSorted((left, right) => Number(left) - Number(right)));
    const exported = call('x86_64-w64-mingw32-objdump', ['-p', native.actions]);
    for (const [, , , target = ''] of table(msi, 'CustomAction')) expect(exported).toContain(` ${target}\n`);
  });

  test.each(['PEM', 'PKCS #12 with a passphrase'])('signed with a certificate as %s', (kind) => {
    const at = (name: string): string => path.join(folder, name);
    call('openssl', [
      'req',
      '-x509',
      '-newkey',
      'rsa:2048',
      '-nodes',
      '-days',
      '2',
      '-subj',
      '/CN=Example Practice Software',
      '-addext',
      'extendedKeyUsage=codeSigning',
      '-keyout',
      at('key.pem'),
      '-out',
      at('certificate.pem'),
    ]);
    call('openssl', [
      'pkcs12',
      '-export',
      '-inkey',
      at('key.pem'),
      '-in',
      at('certificate.pem'),
      '-passout',
      'pass:pass phrase',
      '-out',
      at('certificate.p12'),
    ]);
    const msi = packed('1.2.3', 'x');
    const program = at('signed.exe');
    writeFileSync(program, readFileSync(native.service));
    for (const file of [msi, program]) {
      signCode(
        file,
        kind === 'PEM'
          ? { certificate: at('certificate.pem'), key: at('key.pem') }
          : { pkcs12: at('certificate.p12'), passphrase: 'pass phrase' },
      );
      const words = ['verify', '-CAfile', at('certificate.pem'), '-in', file];
      expect(call('osslsigncode', words)).toContain('Signature verification: ok');
    }
    const changed = readFileSync(program);
    changed[2_000] = (changed[2_000] ?? 0) ^ 1;
    writeFileSync(program, changed);
    expect(() => call('osslsigncode', ['verify', '-CAfile', at('certificate.pem'), '-in', program])).toThrow('failed');
  });
});
