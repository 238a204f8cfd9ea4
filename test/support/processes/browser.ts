/**
 * Chromium for tests of the page: one process for a file of tests, a fresh context for each page, and everything the
 * page complains of.
 *
 *   const browser = await openBrowser();
 *   const page = await browser.page({ width: 390, height: 844, theme: 'dark' });
 *   expect(browser.complaints).toEqual([]);     console errors and warnings, exceptions, refused requests
 *
 * The browser is the system's: CHROMIUM_PATH, or where Debian, Ubuntu and Google put it. Without one these tests are
 * skipped, unless REQUIRE_BROWSER is set, as .ci/run does.
 */
import { existsSync } from 'node:fs';
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core';

const PLACES = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];
const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--enable-precise-memory-info',
];
const WAIT_MS = 60_000;

const executablePath = process.env.CHROMIUM_PATH ?? PLACES.find((path) => existsSync(path));

/** Whether tests of the page can run, or have to. */
export const hasBrowser = executablePath !== undefined || process.env.REQUIRE_BROWSER === '1';

export interface PageOptions {
  readonly width?: number;
  readonly height?: number;
  readonly theme?: 'light' | 'dark';
}

export interface OpenBrowser {
  readonly browser: Browser;
  /** What pages of this browser complained of since the list was emptied. */
  readonly complaints: string[];
  /** A page of its own: nothing is shared with others. */
  page(options?: PageOptions): Promise<Page>;
  /** Closes every page and forgets what they complained of. */
  clear(): Promise<void>;
  close(): Promise<void>;
}

export async function openBrowser(): Promise<OpenBrowser> {
  if (executablePath === undefined) throw new Error('there is no Chromium: run scripts/chromium.sh');
  const browser = await chromium.launch({ executablePath, args: FLAGS });
  const complaints: string[] = [];
  return {
    browser,
    complaints,
    async page({ width = 1280, height = 900, theme = 'light' } = {}) {
      const context = await browser.newContext({ viewport: { width, height }, colorScheme: theme });
      return watchedPage(context, complaints);
    },
    async clear() {
      for (const context of browser.contexts()) await context.close();
      complaints.length = 0;
    },
    close: () => browser.close(),
  };
}

/** A further page of a context: another tab of the same user. */
export async function watchedPage(context: BrowserContext, complaints: string[]): Promise<Page> {
  const page = await context.newPage();
  page.setDefaultTimeout(WAIT_MS);
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(String(error)));
  page.on('dialog', (dialog) => {
    complaints.push(`dialog: ${dialog.message()}`);
    void dialog.dismiss();
  });
  page.on('request', (request) => {
    const { protocol, hostname } = new URL(request.url());
    if (protocol !== 'data:' && hostname !== '127.0.0.1')
      complaints.push(`asked another host: ${request.url()}`);
  });
  return page;
}
