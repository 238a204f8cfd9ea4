/**
 * The page at `/`: what this server is, where to look, how to send a first metric. One file, nothing
 * loaded from elsewhere.
 */
import { renderPage } from '../lib/page.ts';

/** Writes the page. `metricsOn` says whether `/metrics` has anything to show. */
export function renderHomePage(metricsOn: boolean): string {
  const metrics = metricsOn
    ? 'everything received, for Prometheus'
    : 'off; set <code>outputs.prometheus.enabled: true</code>';
  return renderPage(
    'whippet',
    `<h1>whippet</h1>
<p class="dim">A DogStatsD server: it receives, aggregates and delivers metrics.</p>
<h2>Look around</h2>
<dl>
<dt><a href="/metrics">/metrics</a></dt><dd>${metrics}</dd>
<dt><a href="/health">/health</a></dt><dd>whether every part works, as JSON</dd>
<dt><a href="/api/ledger">/api/ledger</a></dt><dd>what was received and what became of it, as JSON</dd>
<dt><a href="/ready">/ready</a></dt><dd>whether the server takes traffic</dd>
</dl>
<h2>Send a first metric</h2>
<pre>echo "page.views:1|c|#env:dev" | nc -u -w1 127.0.0.1 8125</pre>
<p>8125 is the usual port; yours is <code>dogstatsd_port</code> in the configuration.
After the bucket closes, ten seconds at most, the metric shows at <a href="/metrics">/metrics</a>
as <code>page_views</code>.</p>
<p class="dim">From code, any DogStatsD client works: point it at this machine.</p>`,
  );
}
