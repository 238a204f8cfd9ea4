/** The fake intake's page at `/`: what arrived, and how to send something to it. */
import { escapeHtml, renderPage } from '../../lib/http/page.ts';
import type { IntakeView } from './intake-view.ts';

const ROUTES_MAX = 50;
const REFUSALS_MAX = 10;

export function renderIntakePage(intake: IntakeView): string {
  return renderPage(
    'whippet fake intake',
    `<h1>Fake intake</h1>
<p class="dim">A stand-in for the Datadog backend: it keeps what it is sent, for you to look at.</p>
<h2>What arrived</h2>
${renderRoutes(intake)}
${renderRefusals(intake)}
<h2>Send to it</h2>
<pre>DD_API_KEY=00000000000000000000000000000000 DD_DD_URL=${escapeHtml(intake.url)} whippet</pre>
<p>or set <code>dd_url: ${escapeHtml(intake.url)}</code> for any Datadog agent.</p>
<h2>Look at it</h2>
<dl>
<dt><a href="/fakeintake/payloads?endpoint=/api/v2/series&amp;format=json">/fakeintake/payloads</a></dt><dd>payloads of one path, decoded with <code>&amp;format=json</code></dd>
<dt><a href="/fakeintake/routestats">/fakeintake/routestats</a></dt><dd>how many came to each path</dd>
<dt><a href="/fakeintake/refused">/fakeintake/refused</a></dt><dd>requests that were refused, and why</dd>
</dl>`,
  );
}

function renderRoutes(intake: IntakeView): string {
  const routes = [...intake.routeStats()].slice(0, ROUTES_MAX);
  if (routes.length === 0) return '<p>Nothing yet.</p>';
  const rows = routes.map(([path, count]) => {
    const link = `/fakeintake/payloads?endpoint=${encodeURIComponent(path)}`;
    return `<dt><a href="${escapeHtml(link)}">${escapeHtml(path)}</a></dt><dd>${count} payload${count === 1 ? '' : 's'}</dd>`;
  });
  return `<dl>\n${rows.join('\n')}\n</dl>`;
}

function renderRefusals(intake: IntakeView): string {
  const refusals = intake.refusals().slice(-REFUSALS_MAX);
  if (refusals.length === 0) return '';
  const rows = refusals.map(
    ({ path, status, reason }) => `<dt>${status} ${escapeHtml(path)}</dt><dd>${escapeHtml(reason)}</dd>`,
  );
  return `<h2>What was refused</h2>\n<dl>\n${rows.join('\n')}\n</dl>`;
}
