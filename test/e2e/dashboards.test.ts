/** Every name and label that a Grafana dashboard asks for is one that a server shows on its page. */
import { afterEach, expect, it } from 'vitest';
import { readDashboards } from '../support/dashboards.ts';
import { HttpReceiver } from '../support/fakes/http-receiver.ts';
import { ServerProcess } from '../support/processes/server-process.ts';

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

/** Labels by family. */
function familiesOf(page: string): Map<string, Set<string>> {
  const families = new Map<string, Set<string>>();
  for (const [, name = '', labels = ''] of page.matchAll(/^(\w+)(?:\{(.*)\})? \S+$/gm)) {
    const known = families.get(name) ?? new Set();
    for (const [, label = ''] of labels.matchAll(/(\w+)="/g)) known.add(label);
    families.set(name, known);
  }
  return families;
}

it('asks for nothing that is not there', async () => {
  const receiver = new HttpReceiver();
  // Refuses for good, so that losses are shown.
  receiver.answer = () => ({ status: 400 });
  const url = await receiver.start();
  closing.push(() => receiver.close());
  const server = await ServerProcess.start({
    set: {
      'outputs.remote_write.url': `${url}/write`,
      api_key: 'a'.repeat(32),
      dd_url: url,
    },
  });
  closing.push(() => server.dispose());
  server.send('udp', [['hits:1|c|#env:prod', 'latency:5|d', 'bad'].join('\n')]);
  let families = new Map<string, Set<string>>();
  await server.until(async () => {
    families = familiesOf((await server.get('/metrics')).text);
    return (
      families.has('whippet_delivery_points_lost_total') &&
      families.has('whippet_datadog_payloads_lost_total')
    );
  }, 'losses are on the page');

  const asked = readDashboards().flatMap(({ content: { panels, templating } }) => [
    ...panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr)),
    ...templating.list.map(({ definition = '' }) => definition),
  ]);
  const names = new Set(asked.flatMap((query) => query.match(/\bwhippet_\w+/g) ?? []));
  expect(names.size).toBeGreaterThan(25);
  expect([...names].filter((name) => !families.has(name))).toEqual([]);
  for (const query of asked)
    for (const [, by = '', name = ''] of query.matchAll(/by \(([\w, ]+)\) \(+(?:rate\()?(whippet_\w+)/g))
      for (const label of by.split(', '))
        if (label !== 'instance') expect([...(families.get(name) ?? [])], query).toContain(label);
});
