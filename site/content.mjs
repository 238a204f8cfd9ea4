/**
 * What the site is made of: the pages of docs/ and of the repository, as they are, in content/. Files that pages link to (units,
 * manifests, pictures) come along, so that every link works in the site as it does in the repository.
 */
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const SITE = fileURLToPath(new URL('.', import.meta.url));
const ROOT = join(SITE, '..');
const CONTENT = join(SITE, 'content');
const PAGES = [
  ...['README.md', 'CHANGELOG.md', 'CONTRIBUTING.md', 'SECURITY.md'],
  ...readdirSync(join(ROOT, 'docs'), { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.md'))
    .map((path) => join('docs', path)),
];

rmSync(CONTENT, { recursive: true, force: true });
for (const page of PAGES)
  write(page.replace(/README\.md$/, 'index.md'), withLinks(page, readFileSync(join(ROOT, page), 'utf8')));

/** The text with its links as the site has them; files that it links to are copied. */
function withLinks(page, text) {
  return text.replace(/(!?\[[^\]]*\])\(([^)#\s]+)(#[^)]*)?\)/g, (whole, label, link, anchor = '') => {
    if (/^[a-z]+:/.test(link)) return whole;
    if (link.endsWith('.md')) return `${label}(${link.replace(/README\.md$/, 'index.md')}${anchor})`;
    const path = relative(ROOT, join(ROOT, dirname(page), link));
    if (!existsSync(join(ROOT, path))) throw new Error(`${page} links to ${link}, which is not there`);
    // A folder is no page: its name is enough.
    if (!statSync(join(ROOT, path)).isFile()) return label.slice(1, -1);
    copy(path);
    // A file is not a page, which the attribute says; pictures are found as they are.
    return label.startsWith('!') ? whole : `${whole}{target="_self"}`;
  });
}

function write(path, text) {
  mkdirSync(dirname(join(CONTENT, path)), { recursive: true });
  writeFileSync(join(CONTENT, path), text);
}

/** Where the site serves it as it is, and where pages find it while they are built. */
function copy(path) {
  for (const folder of [join(CONTENT, 'public'), CONTENT]) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    cpSync(join(ROOT, path), join(folder, path));
  }
}
