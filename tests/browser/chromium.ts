import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { chromium, type Browser } from 'playwright-core';

/** Debian's Chromium, without anything that would look for the outside world. */
export async function openChromium(): Promise<Browser & AsyncDisposable> {
  const profile = mkdtempSync(path.join(tmpdir(), 'carestream-chromium-'));
  const browser = await chromium.launch({
    executablePath: process.env['CHROMIUM'] ?? '/usr/bin/chromium',
    headless: true,
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
      `--disk-cache-dir=${profile}`,
    ],
  });
  browser.once('disconnected', () => rmSync(profile, { recursive: true, force: true }));
  return browser as Browser & AsyncDisposable;
}
