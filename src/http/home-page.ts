/**
 * The page at `/`: what this server is, where to look, how to send a first metric. One file, nothing
 * loaded from elsewhere.
 */
import { createHash } from 'node:crypto';

const STYLE = `
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

/** Allows this page's own style and nothing else. */
export const CONTENT_SECURITY_POLICY = `default-src 'none'; style-src 'sha256-${createHash('sha256').update(STYLE).digest('base64')}'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'`;

/** Writes the page. `metricsOn` says whether `/metrics` has anything to show. */
export function renderHomePage(metricsOn: boolean): string {
  const metrics = metricsOn
    ? 'everything received, for Prometheus'
    : 'off; set <code>outputs.prometheus.enabled: true</code>';
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>whippet</title>
<style>${STYLE}</style>
</head>
<body>
<main>
<h1>whippet</h1>
<p class="dim">A DogStatsD server: it receives, aggregates and delivers metrics.</p>
<h2>Look around</h2>
<dl>
<dt><a href="/metrics">/metrics</a></dt><dd>${metrics}</dd>
<dt><a href="/health">/health</a></dt><dd>whether every part works, as JSON</dd>
<dt><a href="/ready">/ready</a></dt><dd>whether the server takes traffic</dd>
</dl>
<h2>Send a first metric</h2>
<pre>echo "page.views:1|c|#env:dev" | nc -u -w1 127.0.0.1 8125</pre>
<p>8125 is the usual port; yours is <code>dogstatsd_port</code> in the configuration.
After the bucket closes, ten seconds at most, the metric shows at <a href="/metrics">/metrics</a>
as <code>page_views</code>.</p>
<p class="dim">From code, any DogStatsD client works: point it at this machine.</p>
</main>
</body>
</html>
`;
}
