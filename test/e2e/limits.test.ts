/**
 * Limits on cardinality in a running server: what is beyond goes to one series, is reported, and comes back.
 */
import { expect, it } from 'vitest';
import { packLines } from '../support/packets.ts';
import { type ServerProcess, withServer } from '../support/processes/server-process.ts';

const SHORT = {
  dogstatsd_expiry_seconds: 1,
  dogstatsd_context_expiry_seconds: 1,
  'outputs.prometheus.expiry_seconds': 1,
};
const OVERFLOW = ['whippet.overflow:true'];

function send(server: ServerProcess, count: number, line: (i: number) => string): void {
  server.send(
    'unix',
    packLines(
      Array.from({ length: count }, (_, i) => line(i)),
      8192,
    ),
  );
}

it('keeps every sample beyond limits.contexts, says which tag grew, and gives room back', async () => {
  await withServer({ unix: true, set: { 'limits.contexts': 100, ...SHORT } }, async (server) => {
    // In one go: they expire soon.
    send(server, 320, (i) =>
      i < 20 ? `steady:1|g|#env:prod,id:${i}` : `exploding:1|c|#env:prod,request_id:r${i - 20}`,
    );
    await server.until(() => server.total('exploding') === 300, 'all are in the file');
    const beyond = server.series('exploding').filter(({ tags }) => tags.join() === OVERFLOW.join());
    expect(beyond.reduce((sum, { count }) => sum + Number(count), 0)).toBe(220);

    const warning = () =>
      server.log.find(({ limit, msg }) => limit === 'limits.contexts' && msg.includes('over'));
    await server.until(() => warning() !== undefined, 'the warning');
    expect(warning()).toMatchObject({
      level: 40,
      metric: 'exploding',
      tagKey: 'request_id',
      configured: 100,
    });
    const { text } = await server.get('/api/cardinality');
    const view = JSON.parse(text);
    expect(view.reports).toMatchObject([{ metric: 'exploding', limit: 'contexts', samples: 220 }]);
    expect(view.reports[0].tagKeys[0].key).toBe('request_id');
    expect(await server.metric('whippet_aggregate_samples_over_limit_total{limit="contexts"}')).toBe(220);

    await server.until(async () => (await server.metricSum('whippet_contexts')) === 0, 'room again');
    await server.until(
      () => server.log.some(({ msg }) => msg === 'a metric is within its limit again'),
      'the end is told',
    );
    send(server, 1, () => 'exploding:7|c|#env:prod,request_id:r299');
    const own = () => server.series('exploding').find(({ tags }) => tags.includes('request_id:r299'));
    await server.until(() => own() !== undefined, 'it has a series of its own');
    expect(own()?.count).toBe(7);
  });
});

it('counts over all listener threads, and has a thread tell again what there is room for later', async () => {
  const set = { 'limits.contexts_per_metric': 100, 'limits.contexts': 1000, ...SHORT };
  await withServer({ unix: true, set }, async (server) => {
    // A hundred through one socket, and then another one through the other.
    send(server, 100, (i) => `shared:1|c|#id:${i}`);
    await server.until(async () => (await server.metricSum('whippet_contexts')) === 100, 'they are known');
    const beyond = () => server.series('shared').filter(({ tags }) => tags.join() === OVERFLOW.join());
    const own = () => server.series('shared').find(({ tags }) => tags.includes('id:late'));
    await server.until(() => {
      // None of the hundred expires meanwhile.
      send(server, 100, (i) => `shared:1|c|#id:${i}`);
      server.send('udp', ['shared:1|c|#id:late']);
      return beyond().length > 0;
    }, 'it is beyond');
    // It goes on while the hundred expire: no line of it is new, the thread has to be told.
    await server.until(() => {
      server.send('udp', ['shared:1|c|#id:late']);
      return own() !== undefined;
    }, 'it has a series of its own');
  });
});

it('only reports in a dry run', async () => {
  const set = { 'limits.tags': 2, 'limits.dry_run': true };
  await withServer({ unix: true, set }, async (server) => {
    send(server, 10, (i) => `many:1|c|#a:1,b:2,c:${i}`);
    await server.until(() => server.total('many') === 10, 'they are in the file');
    expect(server.series('many').filter(({ tags }) => tags.length === 3)).not.toHaveLength(0);
    const text = 'a metric is over limits.tags; only reported (limits.dry_run)';
    await server.until(() => server.log.some(({ msg }) => msg === text), 'it is reported');
    expect(await server.metric('whippet_aggregate_samples_over_limit_total{limit="tags"}')).toBe(10);
  });
});
