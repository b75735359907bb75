import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openChromium } from './chromium.ts';

const root = path.resolve(import.meta.dirname, '../..');
const folder = path.join(root, 'packages/carestream-server');

/** What a CDN does with an import: package.json's exports under the browser condition. */
function fileOf(entry: '.' | './messages'): string {
  const manifest = JSON.parse(readFileSync(path.join(folder, 'package.json'), 'utf8')) as {
    exports: Record<string, { browser: string }>;
  };
  return manifest.exports[entry]?.browser ?? '';
}

describe('the package in a browser, as a CDN serves it', () => {
  let cdn: Server;
  let origin: string;
  let browser: Browser;

  beforeAll(async () => {
    const built = spawnSync('npm', ['run', '--silent', 'build'], { cwd: root, encoding: 'utf8' });
    expect(built.status, built.stdout + built.stderr).toBe(0);
    cdn = createServer((request, response) => {
      const name = request.url === '/messages' ? './messages' : '.';
      if (request.url === '/page') {
        response.writeHead(200, { 'content-type': 'text/html' }).end('<!doctype html><title>page</title>');
        return;
      }
      response.writeHead(200, { 'content-type': 'text/javascript', 'access-control-allow-origin': '*' });
      response.end(readFileSync(path.join(folder, fileOf(name))));
    });
    await new Promise<void>((resolve) => cdn.listen(0, '127.0.0.1', resolve));
    origin = `http://127.0.0.1:${(cdn.address() as AddressInfo).port}`;
    browser = await openChromium();
  });

  afterAll(async () => {
    await browser?.close();
    cdn?.close();
  });

  async function inPage(script: string): Promise<unknown> {
    const page = await browser.newPage();
    const failures: string[] = [];
    page.on('pageerror', (error) => failures.push(error.message));
    await page.goto(`${origin}/page`);
    await page.addScriptTag({ type: 'module', content: `${script}\nwindow.done = true;` });
    await page.waitForFunction('window.done === true', undefined, { timeout: 10_000 }).catch(() => undefined);
    expect(failures).toEqual([]);
    const result: unknown = await page.evaluate('window.result');
    await page.close();
    return result;
  }

  test('the root has a default export with the messages in it', async () => {
    const result = await inPage(`
      import carestream, { version } from '${origin}/root';
      const body = carestream.serializeMessage({ type: 'patient-sync', patientCode: 1000123 });
      window.result = { version, parsed: carestream.parseMessage(body), types: carestream.messageTypes };
    `);
    expect(result).toMatchObject({
      version: '0.1.0',
      parsed: { outcome: 'message', message: { type: 'patient-sync', patientCode: 1_000_123 } },
    });
    expect((result as { types: string[] }).types).toHaveLength(6);
  });

  test('./messages reads, writes and refuses', async () => {
    const result = await inPage(`
      import { parseMessage, serializeMessage } from '${origin}/messages';
      let refused = '';
      try { serializeMessage({ type: 'patient-sync', patientCode: -1 }); } catch (error) { refused = error.name; }
      window.result = { refused, invalid: parseMessage('{"type":"patient-sync"}').outcome };
    `);
    expect(result).toEqual({ refused: 'ZodError', invalid: 'invalid' });
  });

  test('nothing of Node is behind either', () => {
    for (const entry of ['.', './messages'] as const) {
      const text = readFileSync(path.join(folder, fileOf(entry)), 'utf8');
      expect(text).not.toMatch(/from\s*["']node:|\brequire\(|process\.env/);
      expect(text).not.toMatch(/from\s*["'](?!\.)/);
    }
  });
});
