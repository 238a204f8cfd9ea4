/**
 * Reload: SIGHUP, POST /-/reload and, with --watch, a change of the file change what lines mean, cached ones
 * too, and nothing else. A bad file changes nothing and says why.
 *
 * Buckets last longer than the tests, so that everything a test sends is in the file once, when the server has stopped.
 */
import { execFileSync } from 'node:child_process';
import { rmSync, writeFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import type { SeriesRecord } from '../../src/outputs/file-record.ts';
import { packLines } from '../support/packets.ts';
import {
  type LogLine,
  type ServerProcess,
  type ServerProcessOptions,
  withServer,
} from '../support/processes/server-process.ts';
import { wideBucketSeconds } from '../support/wide-bucket.ts';

const WIDE: ServerProcessOptions = { unix: true, set: { bucket_seconds: wideBucketSeconds() } };

const MAPPER = {
  dogstatsd_mapper_profiles: [
    {
      name: 'jobs',
      prefix: 'jobs.',
      mappings: [{ match: 'jobs.*.time', name: 'jobs.time', tags: { job: '$1' } }],
    },
  ],
};

const RELOADED = 'reloaded the configuration';
const REFUSED = 'could not reload the configuration; the running configuration stays in effect';

const logged = (server: ServerProcess, message: string): LogLine[] =>
  server.log.filter(({ msg }) => msg === message);

/** Sends a packet and waits until it is received, so that what follows comes after it. */
async function deliver(server: ServerProcess, packet: string): Promise<void> {
  const received = await server.metricSum('whippet_listener_packets_total');
  server.send('unix', [packet]);
  await server.until(
    async () => (await server.metricSum('whippet_listener_packets_total')) > received,
    'the packet is received',
  );
}

/** Every way to ask for a reload; resolves when the server has taken the file or refused it. */
const TRIGGERS: readonly (readonly [
  name: string,
  options: ServerProcessOptions,
  reload: (server: ServerProcess, config: string | object) => Promise<void>,
])[] = [
  [
    'SIGHUP',
    WIDE,
    async (server, config) => {
      server.writeConfig(config);
      await answered(server, () => void server.child.kill('SIGHUP'));
    },
  ],
  [
    'POST /-/reload',
    WIDE,
    async (server, config) => {
      server.writeConfig(config);
      await server.post('/-/reload');
    },
  ],
  [
    '--watch and a new file under the name',
    { ...WIDE, args: ['--watch'] },
    (server, config) => answered(server, () => server.writeConfig(config)),
  ],
  [
    '--watch and a file written in place',
    { ...WIDE, args: ['--watch'] },
    (server, config) =>
      answered(server, () =>
        writeFileSync(server.configPath, typeof config === 'string' ? config : JSON.stringify(config)),
      ),
  ],
];

/** Waits until the log tells of one more reload than before `ask`. */
async function answered(server: ServerProcess, ask: () => void): Promise<void> {
  const answers = (): number => logged(server, RELOADED).length + logged(server, REFUSED).length;
  const before = answers();
  ask();
  await server.until(() => answers() > before, 'the log tells of the reload');
}

/** `metric tag,tag = count` of every counter that counted. */
function counters(server: ServerProcess): string[] {
  return server
    .records()
    .filter((record): record is SeriesRecord => 'metric' in record && record.type === 'rate')
    .filter(({ count }) => count !== 0)
    .map(({ metric, tags, count }) => `${metric} ${[...tags].sort()} = ${count}`)
    .sort();
}

describe.each(TRIGGERS)('a reload by %s', (_, options, reload) => {
  it('changes mapper, filter, namespace and tags of lines that are cached', async () => {
    await withServer({ ...options, config: { metric_filterlist: ['quiet'] } }, async (server) => {
      const packet = 'jobs.etl.time:1|c\nnoise:1|c|#b,a\nnoise:1|c|#a,b\nquiet:1|c';
      for (let i = 0; i < 3; i++) await deliver(server, packet);
      await reload(server, {
        ...MAPPER,
        metric_filterlist: ['ns.noise'],
        statsd_metric_namespace: 'ns',
        dogstatsd_tags: ['team:x'],
      });
      for (let i = 0; i < 2; i++) await deliver(server, packet);
      await reload(server, { statsd_metric_namespace: 'other' });
      await deliver(server, packet);
      expect(await server.stop()).toBe(0);
      expect(counters(server)).toEqual([
        'jobs.etl.time  = 3',
        'noise a,b = 6',
        'ns.jobs.time job:etl,team:x = 2',
        'ns.quiet team:x = 2',
        'other.jobs.etl.time  = 1',
        'other.noise a,b = 2',
        'other.quiet  = 1',
      ]);
    });
  });

  it('refuses a bad file, says why and goes on as before', async () => {
    await withServer({ ...options, config: MAPPER }, async (server) => {
      await deliver(server, 'jobs.etl.time:1|c');
      await reload(
        server,
        'dogstatsd_mapper_profiles: [{name: jobs, prefix: jobs., mappings: [{match: "a.**"',
      );
      expect(logged(server, REFUSED)).toHaveLength(1);
      const [rule] = MAPPER.dogstatsd_mapper_profiles;
      await reload(server, {
        dogstatsd_tags: ['never:seen'],
        dogstatsd_mapper_profiles: [{ ...rule, mappings: [{ match: 'jobs.**', name: 'x' }] }],
      });
      const problems = String(logged(server, REFUSED)[1]?.problems);
      for (const part of ['dogstatsd_mapper_profiles', '"jobs"', 'rule 1', 'jobs.**', 'in a row'])
        expect(problems).toContain(part);
      await deliver(server, 'jobs.etl.time:1|c\njobs.new.time:1|c');
      expect(await server.stop()).toBe(0);
      expect(counters(server)).toEqual(['jobs.time job:etl = 2', 'jobs.time job:new = 1']);
    });
  });
});

describe('a reload', () => {
  it('logs what has changed, by key', async () => {
    await withServer({ ...WIDE, config: { dogstatsd_tags: ['a:1'] } }, async (server) => {
      server.writeConfig({ ...MAPPER, dogstatsd_tags: ['a:2'] });
      await server.post('/-/reload');
      const changed = logged(server, RELOADED).at(-1)?.changed as string[];
      expect([...changed].sort()).toEqual(['dogstatsd_mapper_profiles', 'dogstatsd_tags']);
    });
  });

  it('names the keys that need a restart, and takes the others', async () => {
    await withServer({ ...WIDE, config: {} }, async (server) => {
      server.writeConfig({ dogstatsd_buffer_size: 4096, dogstatsd_tags: ['a:2'] });
      expect(await server.post('/-/reload')).toEqual({
        status: 200,
        json: { ok: true, changed: ['dogstatsd_tags'], needRestart: ['dogstatsd_buffer_size'] },
      });
      expect(server.log).toContainEqual(
        expect.objectContaining({ level: 40, needRestart: ['dogstatsd_buffer_size'] }),
      );
      await deliver(server, 'a:1|c');
      expect(await server.stop()).toBe(0);
      expect(counters(server)).toEqual(['a a:2 = 1']);
    });
  });

  it.each([
    ['an unknown match type', { match: 'jobs.*', match_type: 'glob', name: 'x' }, ['rule 1', 'glob']],
    ['a regex that does not compile', { match: '(', match_type: 'regex', name: 'x' }, ['rule 1', '(']],
    ['two stars in a row', { match: 'jobs.**', name: 'x' }, ['rule 1', 'jobs.**']],
    ['a rule without a name', { match: 'jobs.*' }, ['rule 1', 'name']],
  ])('answers 400 with profile, rule and reason for %s', async (_, mapping, parts) => {
    await withServer({ ...WIDE, config: {} }, async (server) => {
      server.writeConfig({
        dogstatsd_mapper_profiles: [{ name: 'jobs', prefix: 'jobs.', mappings: [mapping] }],
      });
      const { status, json } = await server.post('/-/reload');
      expect(status).toBe(400);
      expect(json).toMatchObject({ ok: false, problems: [expect.any(String)] });
      const [problem] = (json as { problems: string[] }).problems;
      for (const part of ['profile', '"jobs"', ...parts]) expect(problem).toContain(part);
    });
  });

  it('answers 400 for a profile without a prefix, and for a file that is gone', async () => {
    await withServer({ ...WIDE, config: {} }, async (server) => {
      server.writeConfig({ dogstatsd_mapper_profiles: [{ name: 'jobs', mappings: [] }] });
      const noPrefix = await server.post('/-/reload');
      expect(noPrefix.status).toBe(400);
      expect(JSON.stringify(noPrefix.json)).toMatch(/jobs.*prefix/);
      rmSync(server.configPath);
      const gone = await server.post('/-/reload');
      expect(gone.status).toBe(400);
      expect(JSON.stringify(gone.json)).toContain(server.configPath);
    });
  });

  it('is in force for the packet that follows the answer', async () => {
    await withServer({ ...WIDE, config: {} }, async (server) => {
      for (let round = 1; round <= 10; round++) {
        server.writeConfig({ dogstatsd_tags: [`round:${round}`] });
        await server.post('/-/reload');
        server.send('unix', ['forced:1|c']);
      }
      expect(await server.stop()).toBe(0);
      expect(counters(server)).toEqual(
        Array.from({ length: 10 }, (_, i) => `forced round:${i + 1} = 1`).sort(),
      );
    });
  });

  it('leaves the newest file in force when loading an older one takes longer', async () => {
    await withServer({ ...WIDE, config: {} }, async (server) => {
      // A file that is read at the pace of this test: loading hangs until something is written.
      rmSync(server.configPath);
      execFileSync('mkfifo', [server.configPath]);
      const slow = server.post('/-/reload');
      const pipe = await open(server.configPath, 'w');
      server.writeConfig({ dogstatsd_tags: ['version:newest'] });
      const quick = server.post('/-/reload');
      // It may be done at once, or wait for its turn.
      await Promise.race([quick, sleep(1500)]);
      await pipe.writeFile(JSON.stringify({ dogstatsd_tags: ['version:older'] }));
      await pipe.close();
      await Promise.all([slow, quick]);
      await deliver(server, 'race:1|c');
      expect(await server.stop()).toBe(0);
      expect(counters(server)).toEqual(['race version:newest = 1']);
    });
  });

  it('takes new workloads, whose file is read again', async () => {
    const entity = 'kubernetes_pod_uid://pod-1';
    const line = 'work:1|c|#dd.internal.entity_id:pod-1';
    const workloads = { entities: { [entity]: { low: ['service:web'] } } };
    await withServer({ ...WIDE, config: {}, workloads }, async (server) => {
      await deliver(server, line);
      server.writeWorkloads({ entities: { [entity]: { low: ['service:shop'] } } });
      expect((await server.post('/-/reload')).json).toMatchObject({ changed: ['workloads'] });
      await deliver(server, line);
      server.writeWorkloads({ entities: { [entity]: { low: 'no list' } } });
      expect((await server.post('/-/reload')).status).toBe(400);
      await deliver(server, line);
      expect(await server.stop()).toBe(0);
      expect(counters(server)).toEqual(['work service:shop = 2', 'work service:web = 1']);
    });
  });

  it('keeps the open bucket of every type', async () => {
    await withServer({ ...WIDE, config: {} }, async (server) => {
      const packet = (value: number): string =>
        ['c', 'g', 'h', 'd', 's'].map((type) => `kept.${type}:${value}|${type}`).join('\n');
      await deliver(server, packet(1));
      server.writeConfig({ ...MAPPER, metric_filterlist: ['else', 'kept.h.max'] });
      await server.post('/-/reload');
      await deliver(server, packet(2));
      expect(await server.stop()).toBe(0);
      expect(server.total('kept.c')).toBe(3);
      expect(server.series('kept.g').map(({ value }) => value)).toEqual([2]);
      expect(server.series('kept.h.count').map(({ count }) => count)).toEqual([2]);
      // Names that a histogram makes at the flush are filtered there, by the new list.
      expect(server.series('kept.h.max')).toEqual([]);
      expect(server.series('kept.d').map(({ sketch }) => sketch)).toMatchObject([{ cnt: 2, sum: 3 }]);
      expect(server.series('kept.s').map(({ value }) => value)).toEqual([2]);
    });
  });

  it('reaches every worker of every listener', async () => {
    const set = { bucket_seconds: wideBucketSeconds(), dogstatsd_workers_count: 3 };
    await withServer({ unix: true, set, config: {} }, async (server) => {
      const burst = Array.from({ length: 300 }, (_, i) => `worker:1|c|#id:${i % 10}`);
      server.send('unix', burst);
      await server.sendUdp('127.0.0.1', burst);
      await server.until(
        async () => (await server.metricSum('whippet_listener_packets_total')) === 600,
        'all is received',
      );
      server.writeConfig({ dogstatsd_tags: ['new:tag'] });
      await server.post('/-/reload');
      server.send('unix', burst);
      await server.sendUdp('127.0.0.1', burst);
      expect(await server.stop()).toBe(0);
      const series = server.series('worker');
      const sum = (tagged: boolean): number =>
        series
          .filter(({ tags }) => tags.includes('new:tag') === tagged)
          .reduce((total, { count }) => total + Number(count), 0);
      expect([sum(false), sum(true)]).toEqual([600, 600]);
    });
  });

  it('is refused to web pages', async () => {
    await withServer({ ...WIDE, config: {} }, async (server) => {
      const url = `http://127.0.0.1:${server.httpPort}/-/reload`;
      const fromPage = await fetch(url, { method: 'POST', headers: { origin: 'http://example.com' } });
      expect(fromPage.status).toBe(403);
      expect((await fetch(url)).status).toBe(404);
      expect(logged(server, RELOADED)).toEqual([]);
    });
  });
});

it('loses nothing and counts nothing twice when reloads come under load', async () => {
  const set = { dogstatsd_workers_count: 2 };
  await withServer({ unix: true, set, config: {} }, async (server) => {
    const lines = Array.from({ length: 5000 }, (_, i) => `load.jobs.${i % 20}:2|c|#shard:${i % 50},a`);
    const packets = packLines(lines, 8192);
    let reloading = true;
    const reloads = (async () => {
      for (const version of ['v1', 'v2', 'v3', 'v4']) {
        server.writeConfig({ statsd_metric_namespace: version });
        expect((await server.post('/-/reload')).status).toBe(200);
      }
      reloading = false;
    })();
    let rounds = 0;
    while (reloading) {
      server.send('unix', packets);
      rounds++;
      // Lets the request and its answer through between two bursts.
      await server.get('/ready');
    }
    await reloads;
    server.send('unix', packets);
    expect(await server.stop()).toBe(0);
    const records = server.records().filter((record): record is SeriesRecord => 'metric' in record);
    const sum = records.reduce((total, { count }) => total + Number(count), 0);
    expect(sum).toBe((rounds + 1) * lines.length * 2);
    const versions = new Set(records.map(({ metric }) => metric.split('.')[0]));
    expect([...versions].sort()).toEqual(['load', 'v1', 'v2', 'v3', 'v4']);
  });
});
