/** The documentation as a site: built from docs/ as it is, every link leads somewhere, and it is searched without any other host. */
import { createReadStream, existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { dirname, extname, join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type OpenBrowser, openBrowser } from '../support/processes/browser.ts';
import { ROOT, run } from './project.ts';

const SITE = join(ROOT, 'site');
const DIST = join(SITE, 'dist');
const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html',
  '.js': 'text/javascript',
  '.css': 'text/css',
};

let server: Server;
let browser: OpenBrowser;
beforeAll(async () => {
  for (const words of [['ci'], ['run', 'build']]) {
    const { output, status } = run(SITE, 'npm', ...words);
    expect(status, output).toBe(0);
  }
  server = createServer((request, response) => {
    const path = join(DIST, new URL(request.url ?? '/', 'http://site').pathname);
    const file = path.endsWith('/') ? `${path}index.html` : path;
    const found = existsSync(file) && statSync(file).isFile();
    response.writeHead(found ? 200 : 404, {
      'content-type': TYPES[extname(file)] ?? 'application/octet-stream',
    });
    if (found) createReadStream(file).pipe(response);
    else response.end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  browser = await openBrowser();
});
afterAll(async () => {
  await browser?.browser.close();
  server?.close();
});

const pages = (): string[] =>
  readdirSync(DIST, { recursive: true, encoding: 'utf8' }).filter((path) => path.endsWith('.html'));

it('has a page for each document', () => {
  const documents = readdirSync(join(ROOT, 'docs'), { recursive: true, encoding: 'utf8' }).filter((path) =>
    path.endsWith('.md'),
  );
  const wanted = documents.map((path) =>
    join('docs', path.replace(/README\.md$/, 'index.md').replace(/md$/, 'html')),
  );
  expect(wanted.filter((path) => !existsSync(join(DIST, path)))).toEqual([]);
});

it('has no link to a page or file that is not there, and nothing from another host', () => {
  const broken: string[] = [];
  for (const page of pages()) {
    const html = readFileSync(join(DIST, page), 'utf8');
    for (const [, kind, link = ''] of html.matchAll(/ (src|href)="([^"]*)"/g)) {
      // Small pictures are in the page.
      if (/^(#|mailto:|data:)/.test(link)) continue;
      if (/^[a-z]+:|^\/\//.test(link)) {
        if (kind === 'src' || html.includes(`<link rel="stylesheet" href="${link}"`))
          broken.push(`${page} loads ${link}`);
        continue;
      }
      const path = decodeURI(link.replace(/[?#].*$/, ''));
      const target = path.startsWith('/') ? join(DIST, path) : join(DIST, dirname(page), path);
      const candidates = [target, `${target}.html`, join(target, 'index.html')];
      if (!candidates.some((file) => existsSync(file))) broken.push(`${page} links to ${link}`);
    }
  }
  expect(broken).toEqual([]);
});

it('is searched offline', async () => {
  const page = await browser.page();
  const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const others: string[] = [];
  page.on('request', (request) => {
    if (!request.url().startsWith(address) && !request.url().startsWith('data:')) others.push(request.url());
  });
  await page.goto(`${address}/docs/`);
  await page
    .getByRole('button', { name: /search/i })
    .first()
    .click();
  await page.locator('#localsearch-input').fill('histogram_copy_to_distribution');
  await page.locator('#localsearch-list a').first().click();
  await page.waitForURL(/configuration\.html/);
  expect(others).toEqual([]);
  expect(browser.complaints).toEqual([]);
});
