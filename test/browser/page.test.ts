/**
 * The live page in a real browser, on a real server: what somebody does with it in the first minutes.
 */

import type { Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { ownPort } from '../support/own-port.ts';
import { hasBrowser, type OpenBrowser, openBrowser, watchedPage } from '../support/processes/browser.ts';
import { ServerProcess, type ServerProcessOptions } from '../support/processes/server-process.ts';
import { wideBucketSeconds } from '../support/wide-bucket.ts';

/** A few of everything: what a small program sends. */
const LINES = [
  'http.requests:1|c|#env:prod,path:/pay',
  'http.requests:2|c|#env:prod,path:/cart',
  'http.request.duration:12.5:80|d|#env:prod',
  'db.query.time:3.2:4.1|ms|#op:select',
  'queue.depth:41|g',
  'users.active:ann|s',
];

describe.skipIf(!hasBrowser)('the live page', () => {
  let browser: OpenBrowser;
  let server: ServerProcess;
  beforeAll(async () => {
    browser = await openBrowser();
  }, 60_000);
  afterAll(() => browser?.close());
  afterEach(async () => {
    await browser.clear();
    await server?.dispose();
  });

  async function open(options: ServerProcessOptions = {}, hash = ''): Promise<Page> {
    server = await ServerProcess.start(options);
    const page = await browser.page();
    await page.goto(urlOf(server) + hash);
    return page;
  }

  it('shows how to send a first metric, and the metric before its bucket ends, plotted', async () => {
    const page = await open({ set: { bucket_seconds: wideBucketSeconds() } });
    await page.getByText('Nothing received yet').waitFor();
    const lines = await page.locator('#language-lines').textContent();
    expect(lines).toContain(`127.0.0.1 ${server.udpPort}`);
    server.send('udp', ['page.views:1|c|#env:dev']);
    await page.getByRole('link', { name: 'page.views' }).waitFor();
    await page.getByRole('link', { name: 'page.views' }).click();
    await page.locator('.plot canvas').waitFor();
    // The name of the plot has its last figure: something is drawn, by the second from now on.
    const drawn = page.locator('.plot-frame[aria-label*="a second"]:not([aria-label*="– a second"])');
    await expect
      .poll(() => {
        server.send('udp', ['page.views:1|c|#env:dev']);
        return drawn.count();
      })
      .toBe(1);
    expect(await page.title()).toBe('page.views · whippet');
    expect(browser.complaints).toEqual([]);
  });

  it('finds metrics as one types, sorts them, and opens one by keyboard', async () => {
    const page = await open({}, '#/metrics');
    server.send('udp', LINES);
    await page.locator('.metrics-table .name-line').nth(4).waitFor();
    await page.keyboard.press('/');
    await page.keyboard.type('http dur');
    await expectRows(page, ['http.request.duration']);
    await page.waitForURL((url) => url.href.includes('q=http'));
    await page.keyboard.press('Escape');
    await page.keyboard.press('Escape');
    await page.locator('.metrics-table .name-line').nth(4).waitFor();
    await page.keyboard.press('s');
    await page.keyboard.press('n');
    await expectRows(page, [
      'db.query.time',
      'http.request.duration',
      'http.requests',
      'queue.depth',
      'users.active',
    ]);
    await page.keyboard.press('S');
    await expectRows(page, [
      'users.active',
      'queue.depth',
      'http.requests',
      'http.request.duration',
      'db.query.time',
    ]);
    expect(await page.locator('th[aria-sort=descending]').textContent()).toContain('metric');
    await page.keyboard.press('j');
    await page.keyboard.press('j');
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'queue.depth' }).waitFor();
    await page.goBack();
    await page.locator('.metrics-table').waitFor();
    expect(browser.complaints).toEqual([]);
  });

  it('says what was searched for in vain, and what is near', async () => {
    const page = await open({}, '#/metrics?q=htpt.requests');
    server.send('udp', LINES);
    await page.getByText('No metric holds').waitFor();
    await page.getByRole('link', { name: 'http.requests' }).waitFor();
    expect(browser.complaints).toEqual([]);
  });

  it('plots every type, splits by a tag key and compares two', async () => {
    const page = await open();
    server.send('udp', LINES);
    for (const name of [
      'http.requests',
      'http.request.duration',
      'db.query.time',
      'queue.depth',
      'users.active',
    ]) {
      await page.goto(`${urlOf(server)}#/metrics/${name}`);
      await page.getByRole('heading', { name, exact: true }).waitFor();
      await page.locator('.plot canvas').waitFor();
    }
    await page.goto(`${urlOf(server)}#/metrics/http.requests`);
    await page.getByRole('button', { name: 'path' }).click();
    await page.getByText('by path').waitFor();
    await page.waitForURL((url) => url.href.includes('by=path'));
    await page.getByRole('button', { name: /Compare/ }).click();
    await page.getByLabel('Compare with', { exact: true }).last().fill('queue');
    await page.getByRole('button', { name: 'queue.depth' }).click();
    await expect.poll(() => page.locator('.plot canvas').count()).toBe(2);
    await page.waitForURL((url) => url.href.includes('compare=queue.depth'));
    expect(browser.complaints).toEqual([]);
  });

  it('pauses: figures stand still, and go on', async () => {
    const page = await open();
    server.send('udp', LINES);
    const received = page.locator('.eq dd').first();
    await expect.poll(() => received.textContent()).toBe('6');
    await page.keyboard.press('p');
    await page.getByRole('button', { name: /Resume/ }).waitFor();
    server.send('udp', LINES);
    await server.until(
      async () =>
        (await server.ledger()).totals.some(({ unit, received: n }) => unit === 'messages' && n === 12),
      'all are received',
    );
    await page.waitForTimeout(1200);
    expect(await received.textContent()).toBe('6');
    await page.keyboard.press('p');
    await expect.poll(() => received.textContent()).toBe('12');
    expect(browser.complaints).toEqual([]);
  });

  it('shows lines as they arrive, filters them, and explains one', async () => {
    const page = await open({}, '#/tail');
    await page.getByText('Nothing has arrived yet').waitFor();
    await streaming(page, server);
    server.send('udp', ['page.views:1,5|c|#site:de', ...LINES]);
    const bad = page.locator('.ln.bad');
    await bad.waitFor();
    await bad.click();
    const pane = page.getByRole('complementary', { name: 'Explain' });
    await pane.getByText('metric:value').first().waitFor();
    expect(await pane.locator('.caret-line').textContent()).toMatch(
      /^page\.views:1,5\|c\|#site:de\n {11}\^ /,
    );
    expect(await pane.locator('.fix').textContent()).toContain('page.views:1.5|c');
    await page.getByRole('button', { name: /Resume/ }).waitFor();
    await page.keyboard.press('e');
    await page.getByRole('heading', { name: 'Explain' }).waitFor();
    await page.getByText('rejected', { exact: true }).waitFor();
    await page.goto(`${urlOf(server)}#/tail?q=${encodeURIComponent('name:http.*')}`);
    await page.getByText('Nothing has arrived yet').waitFor();
    await streaming(page, server, 'http.probe:1|c');
    server.send('udp', LINES);
    await expect.poll(() => page.locator('.ln', { hasText: 'http.request' }).count()).toBe(3);
    expect(await page.locator('.ln', { hasNotText: 'http.' }).count()).toBe(0);
    expect(browser.complaints).toEqual([]);
  });

  it('explains a line as one types, and counts nothing', async () => {
    const page = await open({}, '#/explain');
    await page.getByLabel('Lines to explain').fill('jobs.load:12.5|ms|#env:prod\ncron lag|0.04|g');
    await page.getByText('accepted', { exact: true }).waitFor();
    await page.getByText('rejected', { exact: true }).waitFor();
    await page.getByText('jobs.load.max').waitFor();
    expect((await server.ledger()).totals.every(({ received }) => received === 0)).toBe(true);
    expect(browser.complaints).toEqual([]);
  });

  it('shows what grows, what dropping a tag key would save, and the rule', async () => {
    const page = await open({}, '#/cardinality');
    server.send(
      'udp',
      Array.from({ length: 150 }, (_, n) => `api.calls:1|c|#method:GET,request_id:f-${n}`),
    );
    await page.getByRole('button', { name: 'api.calls' }).waitFor();
    await page.locator('.before-after').waitFor();
    expect((await page.locator('.before-after').textContent())?.replaceAll('\u00a0', ' ')).toMatch(
      /150 → 1 contexts, 99\.3 % fewer/,
    );
    expect(await page.getByRole('region', { name: 'The rule' }).textContent()).toMatch(
      /match: "?api\.calls"?\n +drop_tags: \["?request_id"?\]/,
    );
    await page.getByRole('button', { name: 'method' }).click();
    await page.getByText('Without method').waitFor();
    await page.waitForURL((url) => url.href.includes('key=method'));
    expect(browser.complaints).toEqual([]);
  });

  it('shows the values in force and what a reload would change, and reloads', async () => {
    const page = await open({ config: { dogstatsd_tags: ['team:a'] } }, '#/config');
    await page.getByText('dogstatsd_tags').first().waitFor();
    await page.getByLabel('Search the configuration').fill('expiry');
    await page.getByText('dogstatsd_expiry_seconds').waitFor();
    // The box tells the address a moment later, which must not come after the next one.
    await page.waitForURL((url) => url.href.includes('q=expiry'));
    server.writeConfig({ dogstatsd_tags: ['team:b'] });
    await page.goto(`${urlOf(server)}#/config?tab=diff`);
    await page.reload();
    await page.getByText('["team:b"]').waitFor();
    await page.getByRole('button', { name: 'Reload now' }).click();
    await page.getByText('A reload would change nothing.').waitFor();
    expect(browser.complaints).toEqual([]);
  });

  it('asks for the token, says when it is wrong, and keeps it out of address and storage', async () => {
    const page = await open({ set: { 'http.token': 's3cret' } });
    await page.getByText('This server asks for a token').waitFor();
    await page.getByLabel('Token').fill('wrong');
    await page.getByRole('button', { name: 'Open' }).click();
    await page.getByText('That is not the token.').waitFor();
    await page.getByLabel('Token').fill('s3cret');
    await page.getByRole('button', { name: 'Open' }).click();
    await page.getByText('Nothing received yet').waitFor();
    const kept = await page.evaluate(() =>
      JSON.stringify([location.href, { ...localStorage }, { ...sessionStorage }, document.cookie]),
    );
    expect(kept).not.toContain('s3cret');
    // The browser tells of answers with 401 by itself.
    expect(browser.complaints.filter((text) => !text.includes('401'))).toEqual([]);
  });

  it('takes a token out of the address it was opened with', async () => {
    const page = await open({ set: { 'http.token': 's3cret' } }, '#token=s3cret');
    await page.getByText('Nothing received yet').waitFor();
    await page.waitForURL(urlOf(server));
    expect(browser.complaints).toEqual([]);
  });

  it('keeps what it shows while the server is away, and goes on with the next one', async () => {
    const port = await ownPort();
    const page = await open({ set: { 'http.port': port } });
    server.send('udp', LINES);
    await page.locator('.eq').waitFor();
    await server.stop();
    await page.getByText('No answer from the server since').waitFor();
    expect(await page.locator('.eq').count()).toBe(1);
    server = await ServerProcess.start({ set: { 'http.port': port } });
    await page.getByText('The server was restarted at').waitFor();
    await page.getByText('Nothing received yet').waitFor();
    const others = browser.complaints.filter(
      (text) => !/ERR_CONNECTION|ERR_INCOMPLETE|ERR_EMPTY|ERR_SOCKET/.test(text),
    );
    expect(others).toEqual([]);
  });

  it('works in two tabs at once', async () => {
    const page = await open();
    const other = await watchedPage(page.context(), browser.complaints);
    await other.goto(`${urlOf(server)}#/metrics`);
    server.send('udp', LINES);
    await page.locator('.eq').waitFor();
    await other.locator('.metrics-table .name-line').nth(4).waitFor();
    expect(browser.complaints).toEqual([]);
  });

  it('shows hostile names and long tags as text', async () => {
    const page = await open({ set: { dogstatsd_buffer_size: 16_384 } }, '#/metrics');
    const hostile = '<img src=x onerror=alert(1)>';
    const long = 'x'.repeat(8000);
    server.send('udp', [
      `${hostile}:1|c|#${hostile},k:${hostile}`,
      `long.tag:1|c|#k:${long}`,
      'bidi.\u202eabc:1|c',
    ]);
    await page.getByRole('link', { name: hostile }).waitFor();
    await page.getByRole('link', { name: 'bidi.\\u202eabc' }).waitFor();
    await page.getByRole('link', { name: hostile }).click();
    await page.getByRole('heading', { name: hostile }).waitFor();
    await page.locator('.contexts-table tbody tr').first().waitFor();
    expect(await page.locator('img').count()).toBe(0);
    await page.goto(`${urlOf(server)}#/metrics/long.tag`);
    await page.locator('.contexts-table tbody tr').first().waitFor();
    expect(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth)).toBe(true);
    await page.goto(`${urlOf(server)}#/tail`);
    await streaming(page, server);
    server.send('udp', [`${hostile}:1|c`, `long.tag:1|c|#k:${long}`]);
    await page.locator('.ln', { hasText: hostile }).first().waitFor();
    await page.locator('.ln', { hasText: 'long.tag' }).first().waitFor();
    expect(await page.locator('img').count()).toBe(0);
    expect(browser.complaints).toEqual([]);
  });
});

function urlOf({ httpPort }: ServerProcess): string {
  return `http://127.0.0.1:${httpPort}/`;
}

/**
 * Resolves when the page shows what arrives: the threads of the server hear a moment later that somebody looks on, so a line
 * is sent until it is seen.
 */
async function streaming(page: Page, server: ServerProcess, probe = 'a.probe:1|c'): Promise<void> {
  await expect
    .poll(() => {
      server.send('udp', [probe]);
      return page.locator('.ln').count();
    })
    .toBeGreaterThan(0);
}

async function expectRows(page: Page, names: readonly string[]): Promise<void> {
  await expect.poll(() => page.locator('.metrics-table .name-line a').allTextContents()).toEqual(names);
}
