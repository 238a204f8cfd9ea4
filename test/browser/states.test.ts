/**
 * The live page with made-up data: every view free of violations that axe-core finds, and the states that a real server
 * cannot be brought into at will.
 */
import { readFileSync } from 'node:fs';
import type { Server } from 'node:http';
import { createRequire } from 'node:module';
import type { AxeResults } from 'axe-core';
import type { Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { readPageFiles } from '../../src/http/page-files.ts';
import { HOSTILE } from '../../ui/mock/data.ts';
import { type MockOptions, startMock } from '../../ui/mock/mock-server.ts';
import { hasBrowser, type OpenBrowser, openBrowser, type PageOptions } from '../support/processes/browser.ts';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const VIEWS: readonly (readonly [hash: string, ready: string])[] = [
  ['#/overview', '.listeners, .plot canvas'],
  ['#/metrics', '.list .name-line, .card-row a'],
  ['#/metrics/checkout.latency', '.plot canvas'],
  ['#/metrics/checkout.latency?compare=http.requests', '.compared canvas'],
  ['#/tail', '.ln'],
  ['#/cardinality', '.before-after'],
  ['#/losses', '.branch, .fl-branch'],
  ['#/explain?line=page.views%3A1%2C5%7Cc', '.fix'],
  ['#/config', '.config-table tbody tr'],
  ['#/config?tab=diff', '.change'],
  ['#/more', '.more-list'],
];

describe.skipIf(!hasBrowser)('the live page with made-up data', () => {
  let browser: OpenBrowser;
  const servers: Server[] = [];
  beforeAll(async () => {
    browser = await openBrowser();
  }, 60_000);
  afterAll(() => browser?.close());
  afterEach(async () => {
    await browser.clear();
    for (const server of servers.splice(0)) {
      server.closeAllConnections();
      server.close();
    }
  });

  async function open(
    options: Partial<MockOptions>,
    pageOptions: PageOptions = {},
  ): Promise<{ page: Page; url: string }> {
    const files = readPageFiles();
    const { server, url } = await startMock({
      metrics: 300,
      ...options,
      other: (request, response) => {
        const path = request.url === '/' ? 'index.html' : (request.url ?? '').slice(1);
        const file = files.get(path);
        response
          .writeHead(file === undefined ? 404 : 200, { 'content-type': file?.type ?? 'text/plain' })
          .end(file?.plain);
      },
    });
    servers.push(server);
    return { page: await browser.page(pageOptions), url };
  }

  const screens: readonly PageOptions[] = [
    { width: 1280, height: 900, theme: 'light' },
    { width: 1280, height: 900, theme: 'dark' },
    { width: 390, height: 844, theme: 'light' },
    { width: 390, height: 844, theme: 'dark' },
  ];
  it.each(screens)('has no violation that axe-core finds, at $width px, $theme', async (screen) => {
    const { page, url } = await open({}, screen);
    for (const [hash, ready] of VIEWS) {
      await page.goto(url + hash);
      await page.locator(ready).first().waitFor();
      expect(await violationsOf(page), hash).toEqual([]);
      expect(
        await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth),
        `${hash} fits`,
      ).toBe(true);
    }
    expect(browser.complaints).toEqual([]);
  });

  it.each(
    screens,
  )('has none with an open line, a dialog or nothing received, at $width px, $theme', async (screen) => {
    const { page, url } = await open({}, screen);
    await page.goto(`${url}#/tail`);
    await page.locator('.ln.bad').last().waitFor();
    // Lines that arrive would move the one that is aimed at.
    await page.keyboard.press('p');
    await page.getByRole('button', { name: 'Resume' }).waitFor();
    await page.locator('.ln.bad').last().click();
    await page.locator('.fix').waitFor();
    expect(await violationsOf(page)).toEqual([]);
    await page.keyboard.press('?');
    await page.getByRole('dialog', { name: 'Keys' }).waitFor();
    expect(await violationsOf(page)).toEqual([]);
    const empty = await open({ isEmpty: true }, screen);
    await empty.page.goto(empty.url);
    await empty.page.getByText('Nothing received yet').waitFor();
    expect(await violationsOf(empty.page)).toEqual([]);
  });

  it('has none on a screen as narrow as 320 px, and scrolls sideways nowhere', async () => {
    const { page, url } = await open({}, { width: 320, height: 640 });
    for (const [hash, ready] of VIEWS) {
      await page.goto(url + hash);
      await page.locator(ready).first().waitFor();
      expect(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), hash).toBe(true);
    }
  });

  it('shows names that would be markup as text, in every view', async () => {
    const { page, url } = await open({ isHostile: true });
    for (const hash of [
      '#/overview',
      '#/metrics',
      `#/metrics/${encodeURIComponent(HOSTILE)}`,
      '#/tail',
      '#/cardinality',
    ]) {
      await page.goto(url + hash);
      await page.getByText(HOSTILE).first().waitFor();
      expect(await page.locator('img, script:not([src])').count(), hash).toBe(0);
    }
    expect(browser.complaints).toEqual([]);
  });

  it('asks for figures every few seconds while too many watch, and says so', async () => {
    const { page, url } = await open({ isCrowded: true });
    await page.goto(url);
    await page.getByText('Too many watch already').waitFor();
    await page.locator('.eq').waitFor();
    const first = await page.locator('.eq dd').first().textContent();
    await expect.poll(() => page.locator('.eq dd').first().textContent()).not.toBe(first);
  });

  it('says which key opens it to other machines when it is forbidden', async () => {
    const { page, url } = await open({ isForbidden: true });
    await page.goto(url);
    await page.getByText('This server does not show itself to other machines').waitFor();
    await page.getByText('http.token', { exact: true }).waitFor();
  });

  it('draws about sixty rows of a hundred thousand, wherever it is scrolled to', async () => {
    const { page, url } = await open({ metrics: 20_000 });
    await page.goto(`${url}#/metrics`);
    await page.locator('.name-line').first().waitFor();
    await page.locator('.list').evaluate((list) => list.scrollTo({ top: 9000 * 30 }));
    await page.locator('tr[aria-rowindex="9012"] .name-line').waitFor();
    expect(await page.locator('.metrics-table tbody tr').count()).toBeLessThan(65);
    expect(await page.locator('.metrics-table').getAttribute('aria-rowcount')).toBe('20001');
    expect(browser.complaints).toEqual([]);
  });

  it('goes everywhere by keyboard, and keeps the focus in a dialog', async () => {
    const { page, url } = await open({});
    await page.goto(url);
    await page.locator('.eq').waitFor();
    for (const [key, title] of [
      ['m', 'Metrics'],
      ['t', 'Live tail'],
      ['c', 'Cardinality'],
      ['l', 'Losses and clients'],
      ['e', 'Explain'],
      ['f', 'Configuration'],
      ['o', 'Overview'],
    ] as const) {
      await page.keyboard.press('g');
      await page.keyboard.press(key);
      await page.getByRole('heading', { name: title, exact: true }).waitFor();
    }
    await page.keyboard.press('n');
    const dialog = page.getByRole('dialog', { name: 'Send a metric' });
    await dialog.waitFor();
    for (let n = 0; n < 12; n++) await page.keyboard.press('Tab');
    expect(await dialog.evaluate((box) => box.contains(document.activeElement))).toBe(true);
    await page.keyboard.press('Escape');
    await dialog.waitFor({ state: 'detached' });
    await page.keyboard.press('2');
    await page.waitForURL((url) => url.href.includes('range=30m'));
    await page.keyboard.press('t');
    await page.waitForFunction(() => document.documentElement.dataset.theme === 'light');
  });

  it('moves the cursor of a plot by arrow keys, and shows the plot as a table', async () => {
    const { page, url } = await open({});
    await page.goto(`${url}#/metrics/checkout.latency`);
    const plot = page.locator('.plot-frame');
    await plot.locator('canvas').waitFor();
    await plot.focus();
    await page.keyboard.press('ArrowLeft');
    await page.locator('.tip').getByText('p95').waitFor();
    await page.keyboard.press('T');
    await page.locator('.plot-table tbody tr').first().waitFor();
    expect(await page.locator('.plot-table tbody tr').count()).toBeGreaterThan(20);
  });
});

/** What axe-core finds, in short: rule, and the first element that breaks it. */
async function violationsOf(page: Page): Promise<string[]> {
  // As text by way of the debugger, which the policy of the page does not hinder.
  await page.evaluate(AXE);
  // What is still fading in has other colours than what one reads.
  await page.evaluate(() => Promise.allSettled(document.getAnimations().map(({ finished }) => finished)));
  const results = (await page.evaluate('axe.run(document, { resultTypes: ["violations"] })')) as AxeResults;
  return results.violations.map(
    ({ id, impact, nodes }) =>
      `${impact} ${id}: ${nodes[0]?.html.slice(0, 160)} ${nodes[0]?.failureSummary?.slice(0, 200)}`,
  );
}
