import { startSandbox, takePorts, type Sandbox } from '@flynotes/sandbox';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openChromium } from './chromium.ts';

/** What a person sees who starts the sandbox and opens its page. */
describe('the live page', () => {
  let sandbox: Sandbox;
  let browser: Browser;
  let page: Page;
  const problems: string[] = [];

  beforeAll(async () => {
    sandbox = await startSandbox({
      patients: 2_500,
      seed: 8,
      dialect: 'address-table',
      ports: await takePorts(0),
      pauseFactor: 0.02,
      say: () => undefined,
    });
    browser = await openChromium();
    page = await browser.newPage({ viewport: { width: 1400, height: 1000 } });
    page.on('pageerror', (error) => problems.push(error.message));
    page.on('console', (message) => {
      if (message.type() === 'error') problems.push(message.text());
    });
    await page.goto(sandbox.pageUrl);
  }, 120_000);

  afterAll(async () => {
    await browser?.close();
    await sandbox?.[Symbol.asyncDispose]();
  }, 60_000);

  const result = (type: string) => page.locator('#results tbody tr', { hasText: type }).first();

  test('asks for the token where none is in the address, and keeps it out of the address', async () => {
    const stranger = await browser.newPage();
    await stranger.goto(sandbox.pageUrl.split('#')[0] ?? '');
    await stranger.locator('#sign-in').waitFor();
    await stranger.locator('#sign-in input').fill('not-the-token-at-all');
    await stranger.locator('#sign-in button').click();
    await stranger.locator('#sign-in-problem:not(:empty)').waitFor();
    expect(await stranger.locator('#board').isHidden()).toBe(true);
    await stranger.close();
    expect(page.url()).not.toContain('token');
  });

  test('shows the bulk upload to its end, and patients as they arrive', async () => {
    // Where it does not come to that, what stands there instead is told.
    const state = () => page.locator('#pass-state').textContent();
    await expect.poll(state, { timeout: 40_000 }).toMatch(/^equal at \d\d:\d\d:\d\d$/);
    expect(await page.locator('#pass-state').getAttribute('class')).toContain('good');
    await page.locator('#arrivals li').first().waitFor({ timeout: 10_000 });
    expect(await page.locator('#pass-bar').getAttribute('aria-valuenow')).toBe('100');
    // Two patients of this practice have no name at all; the page says that, and why.
    expect(await page.locator('#pass-figures').textContent()).toMatch(/refused2 \(NAME_MISSING\)/);
    await expect.poll(() => page.locator('#vitals').textContent(), { timeout: 20_000 }).toContain('version');
  });

  test('shows who arrived also where it is opened when all is over', async () => {
    const late = await browser.newPage();
    await late.goto(sandbox.pageUrl);
    await expect.poll(() => late.locator('#arrivals li').count(), { timeout: 10_000 }).toBe(60);
    expect(await late.locator('#arrivals li').first().textContent()).toMatch(/ · 1\d{6}/);
    await late.close();
  });

  test('shows which version each practice runs, is to run, and what was undone there', async () => {
    const row = page.locator('#releases tbody tr').first();
    await row.locator('td', { hasText: 'current' }).waitFor({ timeout: 20_000 });
    const [, runs, isToRun] = await row.locator('td').allTextContents();
    expect(runs).toMatch(/^\d+\.\d+\.\d+$/);
    expect(isToRun).toBe(runs);
    expect(await page.locator('#releases-state').textContent()).toBe('all as they should be');
    expect(await page.locator('#undone li').count()).toBe(0);
  });

  test('a button sends a patient-sync and shows the record with history and its legs', async () => {
    const [patientCode = 0] = await sandbox.reception.patientsWithHistory(1);
    await page.locator('#commands input[name=patientCode]').fill(String(patientCode));
    await page.getByRole('button', { name: 'patient-sync' }).click();
    const row = result(`patient-sync ${patientCode}`);
    await row.locator('.outcome.done').waitFor();
    expect(await row.locator('td').allTextContents()).toEqual(
      expect.arrayContaining([expect.stringMatching(/^\d+\.\d ms$/)]),
    );
    await page.locator('#record details').first().waitFor();
    expect(await page.locator('#record .answers dt').count()).toBeGreaterThan(0);
  });

  test('the form adds a patient in R4, and bulk-upload-patients brings them', async () => {
    await page.locator('#desk-clear').click();
    await page.locator('#desk-form input[name=forename]').fill('<b>Ada</b>');
    await page.locator('#desk-form input[name=surname]').fill('Test-Example');
    await page.locator('#desk-form input[name=dateOfBirth]').fill('1980-02-29');
    await page.locator('#desk-form input[name=postcode]').fill('EX1 2MP');
    await page.locator('#desk-save').click();
    await page.locator('#desk-said', { hasText: 'Added to R4' }).waitFor();
    const patientCode = await page.locator('#desk-form input[name=patientCode]').inputValue();
    await page.getByRole('button', { name: 'bulk-upload-patients' }).click();
    const arrived = page.locator('#arrivals li', { hasText: patientCode }).first();
    await arrived.waitFor();
    // What was typed is shown as text, whatever it looks like.
    expect(await arrived.textContent()).toContain('<b>Ada</b> Test-Example');
    await arrived.getByRole('button').click();
    await page.locator('#record', { hasText: '1980-02-29' }).waitFor();
    expect(await page.locator('#record').textContent()).toContain('EX1 2MP');
  });

  test('the form edits a patient in R4, and patient-sync brings the change', async () => {
    const patientCode = await page.locator('#desk-form input[name=patientCode]').inputValue();
    await page.locator('#desk-load').click();
    await page.locator('#desk-said', { hasText: 'As R4 has it' }).waitFor();
    await page.locator('#desk-form input[name=mobilePhone]').fill('07700 900456 after 6');
    await page.locator('#desk-save').click();
    await page.locator('#desk-said', { hasText: 'Changed in R4' }).waitFor();
    await page.locator('#commands input[name=patientCode]').fill(patientCode);
    await page.getByRole('button', { name: 'patient-sync' }).click();
    await page.locator('#record', { hasText: '07700 900456 after 6' }).waitFor();
  });

  test.each(['test', 'questionnaire-questions-upload', 'questionnaire-answers-upload'])(
    'the button %s, and what Rollbar received',
    async (type) => {
      await page.getByRole('button', { name: type, exact: true }).click();
      await result(type).locator('.outcome.done').waitFor();
      const event = { test: 'command.test', 'questionnaire-questions-upload': 'command.questions' }[type];
      await page
        .locator('#rollbar li', { hasText: event ?? 'command.preset-answers' })
        .first()
        .waitFor();
    },
  );

  test('an unknown patient is told, and found patients are listed', async () => {
    await page.locator('#commands input[name=patientCode]').fill('1999999');
    await page.getByRole('button', { name: 'patient-sync' }).click();
    await result('patient-sync 1999999').locator('.outcome.not-found').waitFor();
    await page.locator('#find input').fill('Test-Example');
    await page.locator('#find button').click();
    await page.locator('#arrivals li', { hasText: 'found' }).first().waitFor();
  });

  test('restart shows another process', async () => {
    const before = sandbox.agent.current()?.pid;
    await page.getByRole('button', { name: 'restart', exact: true }).click();
    await result('restart').locator('.outcome.done').waitFor();
    await expect
      .poll(() => page.locator('#machine-figures').textContent(), { timeout: 30_000 })
      .not.toContain(String(before?.toLocaleString('en-GB')));
  });

  test('another practice begins empty: nothing of the one before stands under its name', async () => {
    const { origin, hash } = new URL(sandbox.pageUrl);
    const made = await fetch(`${origin}/v1/operator/practices`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${hash.split('=')[1]}` },
      body: JSON.stringify({ name: 'Low Street Dental' }),
    });
    expect(made.status).toBe(200);
    await page.reload();
    await page.locator('#connection.good').waitFor();
    await page.locator('#pass-state.good').waitFor();
    await page.locator('#practice').selectOption({ label: 'Low Street Dental' });
    await page.locator('#pass-state', { hasText: 'none yet' }).waitFor();
    await page.locator('#connection.good').waitFor();
    expect(await page.locator('#results tbody tr').count()).toBe(0);
    expect(await page.locator('#arrivals li').count()).toBe(0);
    expect(await page.locator('#record').textContent()).toContain('Choose a patient');
  });

  test('nothing failed in the page', () => {
    // The refused token of the first test is the stranger's, not this page's.
    expect(problems).toEqual([]);
  });
});
