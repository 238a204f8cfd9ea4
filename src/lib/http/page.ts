/**
 * How the server's small pages look, and the policy that lets them load nothing else. One style for all of them, in
 * the page itself.
 */
import { createHash } from 'node:crypto';

export const PAGE_STYLE = `
:root { color-scheme: light dark; --ink: #1d2330; --dim: #5b6475; --line: #dfe3ea; --paper: #fbfbfd; --accent: #0b66c3; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e6e9ef; --dim: #9aa3b2; --line: #2c3340; --paper: #14171d; --accent: #6db3f8; }
}
body { margin: 0; background: var(--paper); color: var(--ink); font: 16px/1.55 system-ui, sans-serif; }
main { max-width: 42rem; margin: 0 auto; padding: 3.5rem 1.5rem; }
h1 { margin: 0; font-size: 1.9rem; letter-spacing: -0.02em; }
h2 { margin: 2.2rem 0 0.5rem; font-size: 1.05rem; }
p { margin: 0.4rem 0; }
.dim { color: var(--dim); }
a { color: var(--accent); text-decoration: none; }
a:hover { text-decoration: underline; }
code, pre { font: 0.9rem/1.5 ui-monospace, monospace; }
pre { margin: 0.6rem 0; padding: 0.9rem 1.1rem; border: 1px solid var(--line); border-radius: 8px; overflow-x: auto; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: 0.35rem 1.4rem; margin: 0.6rem 0; }
dd { margin: 0; color: var(--dim); }
`;

/** Allows the pages' own style and nothing else. */
export const CONTENT_SECURITY_POLICY = `default-src 'none'; style-src 'sha256-${createHash('sha256').update(PAGE_STYLE).digest('base64')}'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'`;

/** Wraps what a page says. `body` is HTML, `title` is text without special characters. */
export function renderPage(title: string, body: string): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title}</title>
<style>${PAGE_STYLE}</style>
</head>
<body>
<main>
${body}
</main>
</body>
</html>
`;
}

/** Text as HTML. */
export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
