import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';

const header = readFileSync(path.join(import.meta.dirname, 'service.h'), 'utf8');

/** How Windows derives a service's SID ([MS-DTYP] 2.4.2.4, NT SERVICE). */
function sidOfService(name: string): string {
  const digest = createHash('sha1').update(Buffer.from(name.toUpperCase(), 'utf16le')).digest();
  return ['S-1-5-80', ...[0, 4, 8, 12, 16].map((at) => digest.readUInt32LE(at))].join('-');
}

test('a SID that everybody knows comes out', () => {
  expect(sidOfService('TrustedInstaller')).toBe('S-1-5-80-956008885-3418522649-1831038044-1853292631-2271478464');
});

test('the SID that gets rights on the data folder is the service’s own', () => {
  const [, name = ''] = /#define SERVICE_NAME L"(\w+)"/.exec(header) ?? [];
  const [, sid] = /#define SERVICE_SID L"([\d\w-]+)"/.exec(header) ?? [];
  expect(sid).toBe(sidOfService(name));
});
