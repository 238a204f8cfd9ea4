/** Grafana dashboards: the files are what the script makes, and hold together as Grafana expects. test/e2e/dashboards.test.ts compares their names with a server's. */
import { readdirSync, readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { type Dashboard, FOLDER, readDashboards } from './support/dashboards.ts';

const dashboards = readDashboards();

it('are what the script makes; npm run docs writes them', () => {
  expect(dashboards.map(({ name }) => name).toSorted()).toEqual(readdirSync(FOLDER).toSorted());
  for (const { name, text } of dashboards) expect(readFileSync(FOLDER + name, 'utf8'), name).toBe(text);
});

it('have identities of their own', () => {
  const all = dashboards.map(({ content }) => content);
  for (const of of [(one: Dashboard) => one.uid, (one: Dashboard) => one.title])
    expect(new Set(all.map(of)).size).toBe(all.length);
  for (const { uid, schemaVersion } of all) expect([uid.length <= 40, schemaVersion]).toEqual([true, 39]);
});

it.each(dashboards)('$name has panels that do not overlap, each with a number and something to ask', ({
  content: { panels },
}) => {
  expect(panels.map(({ id }) => id)).toEqual(panels.map((_, i) => i + 1));
  const taken = new Set<string>();
  for (const { type, title, description, gridPos, targets = [], datasource } of panels) {
    expect(gridPos.x + gridPos.w, title).toBeLessThanOrEqual(24);
    for (let x = gridPos.x; x < gridPos.x + gridPos.w; x++)
      for (let y = gridPos.y; y < gridPos.y + gridPos.h; y++) {
        expect(taken.has(`${x} ${y}`), title).toBe(false);
        taken.add(`${x} ${y}`);
      }
    if (type === 'row') continue;
    expect(['timeseries', 'stat', 'table']).toContain(type);
    expect(description, title).toMatch(/\.$/);
    expect(datasource).toEqual({ type: 'prometheus', uid: `$\{datasource}` });
    expect(targets.length, title).toBeGreaterThan(0);
    expect(new Set(targets.map(({ refId }) => refId)).size).toBe(targets.length);
  }
});

it.each(dashboards)('$name uses variables that it declares, and all of them', ({ content }) => {
  const declared = content.templating.list.map(({ name }) => name);
  const used = new Set(
    [...JSON.stringify(content).matchAll(/\$(?:\{(\w+)\}|(\w+))/g)].map(([, a, b]) => (a ?? b) as string),
  );
  const own = [...used].filter((name) => !name.startsWith('__'));
  expect(own.toSorted()).toEqual(declared.toSorted());
  for (const name of used)
    if (name.startsWith('__')) expect(['__rate_interval', '__range', '__all']).toContain(name);
});

it.each(dashboards)('$name has queries whose brackets close', ({ content }) => {
  for (const { targets = [] } of content.panels)
    for (const { expr } of targets) {
      const open: string[] = [];
      for (const sign of expr.replaceAll(/"[^"]*"/g, '')) {
        if ('([{'.includes(sign)) open.push(sign);
        if (')]}'.includes(sign)) expect(open.pop(), expr).toBe('([{'[')]}'.indexOf(sign)]);
      }
      expect(open, expr).toEqual([]);
    }
});
