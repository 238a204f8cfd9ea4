/** Queries of the Grafana dashboards are PromQL: Prometheus' own tool reads them, as the expressions of rules. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { readDashboards } from '../support/dashboards.ts';

const PROMTOOL = fileURLToPath(new URL('../../.setup/receivers/promtool', import.meta.url));

it.each(readDashboards())('$name asks nothing that Prometheus cannot read', ({ content }) => {
  const folder = mkdtempSync(join(tmpdir(), 'rules-'));
  try {
    const selectors = content.templating.list.flatMap(
      ({ definition = '' }) => /^label_values\((.+), \w+\)$/.exec(definition)?.[1] ?? [],
    );
    const queries = [
      ...content.panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr)),
      ...selectors,
    ];
    const rules = queries.map((expr, i) => ({
      record: `query_${i}`,
      // What Grafana puts in.
      expr: expr.replace(/\$__\w+/g, '1m').replace(/\$\{?(\w+)\}?/g, 'the_$1'),
    }));
    const path = join(folder, 'rules.yml');
    writeFileSync(path, JSON.stringify({ groups: [{ name: 'dashboard', rules }] }));
    const { status, stdout, stderr } = spawnSync(PROMTOOL, ['check', 'rules', path], { encoding: 'utf8' });
    expect([status, stderr]).toEqual([0, '']);
    expect(stdout).toContain(`${queries.length} rules found`);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
