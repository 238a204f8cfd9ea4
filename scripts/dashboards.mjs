/**
 * Writes the Grafana dashboards of deploy/grafana/. `npm run docs` runs it, and a test says when a file is not what this makes.
 * What they show is in scripts/dashboards/.
 */
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { serverHealth } from './dashboards/server-health.mjs';
import { userMetrics } from './dashboards/user-metrics.mjs';

export const FOLDER = fileURLToPath(new URL('../deploy/grafana/', import.meta.url));

/** Names of files, and the text of each. */
export function dashboardFiles() {
  const all = { 'whippet-server.json': serverHealth, 'whippet-metrics.json': userMetrics };
  return Object.entries(all).map(([name, content]) => [name, `${JSON.stringify(content, null, 2)}\n`]);
}

if (process.argv[1] === fileURLToPath(import.meta.url))
  for (const [name, text] of dashboardFiles()) writeFileSync(FOLDER + name, text);
