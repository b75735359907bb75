import path from 'node:path';
import { startSandbox, takePorts } from '@flynotes/sandbox';
import { openChromium } from '../tests/browser/chromium.ts';
import { root, say } from './steps.ts';

/** Takes the pictures of the README from a running sandbox. */
await using sandbox = await startSandbox({
  patients: 17_010,
  seed: 1,
  dialect: 'classic',
  ports: await takePorts(0),
  pauseFactor: 0.02,
  say: () => undefined,
});
const browser = await openChromium();
const page = await browser.newPage({ viewport: { width: 1440, height: 1000 }, colorScheme: 'light' });
const problems: string[] = [];
page.on('pageerror', (error) => problems.push(error.message));
await page.goto(sandbox.pageUrl);

await page.locator('#arrivals li').first().waitFor({ timeout: 60_000 });
await page.screenshot({ path: path.join(root, 'docs/images/bulk-upload.png') });

await page.locator('#pass-state.good').waitFor({ timeout: 120_000 });
const [patientCode = 0] = await sandbox.reception.patientsWithHistory(1);
await page.locator('#desk-form input[name=patientCode]').fill(String(patientCode));
await page.locator('#desk-load').click();
await page.locator('#commands input[name=patientCode]').fill(String(patientCode));
await page.getByRole('button', { name: 'patient-sync' }).click();
await page.locator('.outcome.done').first().waitFor();
await page.getByRole('button', { name: 'test', exact: true }).click();
await page.locator('#record details').first().waitFor();
await page.locator('#rollbar li', { hasText: 'command.test' }).first().waitFor();
await page.screenshot({ path: path.join(root, 'docs/images/live-page.png'), fullPage: true });
await browser.close();
for (const problem of problems) say(`The page failed: ${problem}`);
process.exitCode = problems.length === 0 ? 0 : 1;
