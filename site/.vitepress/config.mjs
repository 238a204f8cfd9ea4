/** The site: docs/ with the order of docs/README.md, and a search that needs no other host. */
import { readFileSync } from 'node:fs';
import { defineConfig } from 'vitepress';

const LIST = new URL('../content/docs/index.md', import.meta.url);

/** The groups and pages of docs/README.md, which is where people look for a page too. */
function sidebar() {
  const groups = readFileSync(LIST, 'utf8').split(/^## /m).slice(1);
  return groups.map((group) => {
    const [text = '', ...lines] = group.split('\n');
    const links = lines.flatMap((line) => [
      ...line.matchAll(/\[([\w.-]+)\.md\]\(((?:\.\.\/)?[\w./-]+)\.md\)/g),
    ]);
    const items = links.map(([, name, path]) => ({
      text: name,
      link: (path.startsWith('../') ? `/${path.slice(3)}` : `/docs/${path}`).replace(/README$/, ''),
    }));
    return { text, collapsed: false, items };
  });
}

export default defineConfig({
  title: 'whippet',
  description: 'A DogStatsD server',
  srcDir: 'content',
  outDir: 'dist',
  cleanUrls: false,
  head: [['link', { rel: 'icon', href: 'data:,' }]],
  // Pages are Markdown for everyone; what looks like HTML in them is text.
  markdown: { html: false },
  themeConfig: {
    search: { provider: 'local' },
    nav: [
      { text: 'Documentation', link: '/docs/' },
      { text: 'Configuration', link: '/docs/configuration' },
      { text: 'Changes', link: '/CHANGELOG' },
    ],
    sidebar: sidebar(),
    outline: [2, 3],
  },
});
