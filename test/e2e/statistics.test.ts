/** The live statistics of a running server, against what was sent. */
import { describe, expect, it } from 'vitest';
import type { ExplainAnswer } from '../../src/model/live/line-views.ts';
import type { HistoryAnswer, SeriesAnswer } from '../../src/model/live/series-views.ts';
import type { ConfigDiff, WithoutAnswer } from '../../src/model/live/server-views.ts';
import type { StreamTick } from '../../src/model/live/stream-views.ts';
import type {
  ErrorTraffic,
  ListenerTraffic,
  MetricTraffic,
  TopAnswer,
} from '../../src/model/live/traffic-views.ts';
import { ServerProcess, type ServerProcessOptions } from '../support/processes/server-process.ts';

async function withServer(
  options: ServerProcessOptions,
  run: (server: ServerProcess, ask: <T>(path: string) => Promise<T>) => Promise<void>,
): Promise<void> {
  const server = await ServerProcess.start(options);
  const ask = async <T>(path: string): Promise<T> =>
    (await (await fetch(`http://127.0.0.1:${server.httpPort}${path}`)).json()) as T;
  try {
    await run(server, ask);
  } finally {
    await server.dispose();
  }
}

/** Reads ticks until one fits. */
async function tickThat(url: string, fits: (tick: StreamTick) => boolean): Promise<StreamTick> {
  const response = await fetch(url, { signal: AbortSignal.timeout(60_000) });
  const decoder = new TextDecoder();
  let text = '';
  for await (const chunk of response.body ?? []) {
    text += decoder.decode(chunk as Uint8Array, { stream: true });
    const blocks = text.split('\n\n');
    text = blocks.pop() ?? '';
    for (const block of blocks) {
      const [, data] = /^event: tick\ndata: (.*)$/m.exec(block) ?? [];
      if (data === undefined) continue;
      const tick = JSON.parse(data) as StreamTick;
      if (fits(tick)) return tick;
    }
  }
  throw new Error('the stream ended before a tick fitted');
}

describe('statistics', () => {
  it('equal what was sent, over two listeners, packed lines, any order of tags', async () => {
    await withServer({ unix: true, set: { bucket_seconds: 10 } }, async (server, ask) => {
      server.send('udp', [
        'views:1|c|#env:prod,path:/a',
        'views:1:2:3|c|#path:/a,env:prod',
        'views:1|c|#env:prod,env:prod,path:/b',
      ]);
      server.send('unix', [
        'views:1|c|#env:prod,path:/a',
        'time:5|d',
        'time:7|d',
        'bad:1,5|c',
        'bad:x|c',
        'views:1|q',
      ]);
      let top: TopAnswer<MetricTraffic> | undefined;
      await server.until(async () => {
        top = await ask<TopAnswer<MetricTraffic>>('/api/top?by=samples');
        return top.rows.reduce((sum, { samples }) => sum + samples, 0) === 8;
      }, 'all samples are counted, without waiting for the bucket');
      // By samples lately, so the order depends on when which of them came.
      const [views, time] = ['views', 'time'].map((name) => top?.rows.find((row) => row.name === name));
      expect(views).toMatchObject({ name: 'views', samples: 6, contexts: 2, types: ['counter'], error: 0 });
      expect(views).toMatchObject({ tagKey: 'path', tagValues: 2 });
      expect(time).toMatchObject({ name: 'time', samples: 2, contexts: 1, types: ['distribution'] });
      const errors = await ask<TopAnswer<ErrorTraffic>>('/api/top?by=errors');
      await server.until(
        async () => (await ask<TopAnswer<ErrorTraffic>>('/api/top?by=errors')).rows.length === 2,
        'both reasons are counted',
      );
      expect(errors.rows.every(({ words, remedy }) => words !== '' && remedy !== '')).toBe(true);
      await server.until(async () => {
        const listeners = await ask<TopAnswer<ListenerTraffic>>('/api/top?by=listener');
        return listeners.rows.reduce((sum, { messages }) => sum + messages, 0) === 9;
      }, 'the listeners have counted all messages, which is once a second');
      expect(top?.bounds).toMatchObject({ exact: 2, errorMax: 0, leftOut: null });
    });
  });

  it('show a first metric in the stream, plotted by the second', async () => {
    await withServer({ set: { bucket_seconds: 60 } }, async (server) => {
      const sending = setInterval(() => server.send('udp', ['page.views:2|c|#env:dev']), 200);
      try {
        const url = `http://127.0.0.1:${server.httpPort}/api/stream?metric=page.views`;
        // A bucket that ends before the first second of looking is answered from the history, by the minute.
        const tick = await tickThat(
          url,
          ({ series }) =>
            series?.step === 1 && (series.total.columns.sum ?? []).some((sum) => (sum ?? 0) > 0),
        );
        expect(tick.top.rows[0]).toMatchObject({ name: 'page.views', contexts: 1 });
        expect(tick.series).toMatchObject({ type: 'counter' });
        expect(tick.series?.rows[0]?.tags).toEqual(['env:dev']);
        expect(tick.equation.received).toBeGreaterThan(0);
        expect(tick.balanced).toBe(true);
      } finally {
        clearInterval(sending);
      }
    });
  });

  it('do not change what the outputs receive: parts of a bucket are one bucket', async () => {
    await withServer({ set: { bucket_seconds: 5 } }, async (server) => {
      const stop = new AbortController();
      const viewer = fetch(`http://127.0.0.1:${server.httpPort}/api/stream?metric=t`, {
        signal: stop.signal,
      });
      let sent = 0;
      const sending = setInterval(() => {
        server.send('udp', ['parts:1|c', 't:5|h', 'u:a|s']);
        sent++;
      }, 100);
      await server.until(() => sent >= 30, 'three seconds of lines are sent');
      clearInterval(sending);
      stop.abort();
      await viewer.catch(() => undefined);
      await server.stop();
      expect(server.total('parts')).toBe(sent);
      const points = server.series('u');
      expect(points.every(({ value }) => value === 1)).toBe(true);
      expect(points.length).toBe(new Set(points.map(({ timestamp }) => timestamp)).size);
    });
  });

  it('keep totals by the second, and the last hour of series', async () => {
    await withServer({}, async (server, ask) => {
      // One datagram, so that one bucket.
      server.send('udp', [['views:3|c', 'time:5|d', '_e{6,2}:deploy|v2'].join('\n')]);
      await server.until(
        async () =>
          (await ask<SeriesAnswer>('/api/series?metric=views')).total?.columns.sum?.some(
            (sum) => sum === 3,
          ) === true,
        'the value is in the history',
      );
      const time = await ask<SeriesAnswer>('/api/series?metric=time&range=30');
      expect(time.heat?.cells.some((cell) => cell?.includes(1))).toBe(true);
      let history: HistoryAnswer | undefined;
      await server.until(async () => {
        history = await ask<HistoryAnswer>('/api/history?range=60');
        const sum = history.total.messages.reduce<number>((all, one) => all + (one ?? 0), 0);
        return Math.abs(sum - 3) < 1e-6;
      }, 'the seconds in which they came are over');
      expect(history).toMatchObject({ step: 1, cells: 60, events: [{ title: 'deploy' }] });
      expect((await fetch(`http://127.0.0.1:${server.httpPort}/api/series?metric=none`)).status).toBe(404);
    });
  });

  it('explain lines with the settings of the server, and what a reload would change', async () => {
    await withServer({ config: { statsd_metric_namespace: 'shop' } }, async (server, ask) => {
      const response = await fetch(`http://127.0.0.1:${server.httpPort}/api/explain`, {
        method: 'POST',
        body: 'page.views:1|c\nbad:1,5|c\n_e{1,1}:a|b',
      });
      const { messages } = (await response.json()) as ExplainAnswer;
      expect(messages.map(({ outcome, name }) => [outcome, name])).toEqual([
        ['accepted', 'shop.page.views'],
        ['rejected', ''],
        ['event', 'a'],
      ]);
      expect(messages[1]).toMatchObject({
        reason: 'metric:value',
        caret: 4,
        corrected: { line: 'bad:1.5|c' },
      });
      expect(messages[0]?.text).toContain('shop.page.views');
      expect(messages[0]?.steps.length).toBeGreaterThan(1);
      expect(await ask<ConfigDiff>('/api/config/diff')).toMatchObject({ valid: true, changes: [] });
      server.writeConfig({ statsd_metric_namespace: 'store', bucket_seconds: 2 });
      const diff = await ask<ConfigDiff>('/api/config/diff');
      expect(diff.changes).toMatchObject([
        { key: 'statsd_metric_namespace', before: 'shop', after: 'store', needsRestart: false },
      ]);
      server.writeConfig({ dogstatsd_buffer_size: 'large' });
      expect((await ask<ConfigDiff>('/api/config/diff')).valid).toBe(false);
    });
  });

  it('say what dropping a tag key would save, and answer as the Agent does', async () => {
    await withServer({ set: { bucket_seconds: 60 } }, async (server, ask) => {
      server.send(
        'udp',
        Array.from({ length: 30 }, (_, i) => `calls:1|c|#request_id:${i},region:eu-${i % 3}`),
      );
      await server.until(
        async () =>
          (await ask<TopAnswer>('/api/top')).rows.some((row) => 'contexts' in row && row.contexts === 30),
        'the contexts are known',
      );
      const without = await ask<WithoutAnswer>('/api/cardinality/without?metric=calls&key=request_id');
      expect(without).toMatchObject({ contexts: { before: 30, after: 3 }, error: 0, lookedAt: 30 });
      expect(without.all).toEqual({ before: 30, after: 3 });
      expect(without.rule).toContain('drop_tags: ["request_id"]');
      const stats =
        await ask<Record<string, { name: string; count: number; tags: string }>>('/agent/dogstatsd-stats');
      expect(Object.keys(stats)).toHaveLength(30);
      expect(Object.keys(stats).every((key) => /^\d+$/.test(key) && BigInt(key) < 2n ** 64n)).toBe(true);
      const dump = await (await fetch(`http://127.0.0.1:${server.httpPort}/api/contexts/dump`)).text();
      const lines = dump
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as { Name: string; Type: string });
      expect(lines).toHaveLength(30);
      expect(lines[0]).toMatchObject({
        Name: 'calls',
        Type: 'Counter',
        TaggerTags: [],
        NoIndex: false,
        Source: 1,
      });
    });
  });
});
