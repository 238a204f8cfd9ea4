import { describe, expect, test } from 'vitest';
import { ConfigError } from '../../config/config-error.ts';
import { type SimulateOptions, simulate } from './simulate.ts';
import { SimulateInputError } from './simulate-timeline.ts';

const EMPTY: SimulateOptions = { samples: [], flush_at: [] };

describe('simulate', () => {
  test('gives the records of the aggregation vectors', () => {
    const samples = [{ line: 'temp:21.5|g|#b,a\nbad\ntemp:22|g|#a,b', at: 1001 }];
    expect(simulate({ samples, flush_at: [1010] })).toEqual([
      {
        flush: 0,
        name: 'temp',
        type: 'gauge',
        tags: ['a', 'b'],
        host: 'agent-host',
        interval: 10,
        points: [[1000, 22]],
      },
    ]);
  });

  test('runs with the configuration of a server', () => {
    const config = {
      hostname: 'web-1',
      bucket_seconds: 2,
      statsd_metric_namespace: 'shop',
      dogstatsd_tags: ['team:web'],
      metric_filterlist: ['shop.lat.median', 'shop.debug'],
      histogram_aggregates: ['median', 'max'],
      histogram_percentiles: [],
    } as const;
    const samples = [{ line: 'lat:5|h\ndebug:1|c', at: 1001 }];
    expect(simulate({ config, samples, flush_at: [1002] })).toEqual([
      {
        flush: 0,
        name: 'shop.lat.max',
        type: 'gauge',
        tags: ['team:web'],
        host: 'web-1',
        interval: 2,
        points: [[1000, 5]],
      },
    ]);
  });

  test('copies a histogram with a timestamp to the bucket of that time, hot and cold', () => {
    const config = {
      histogram_copy_to_distribution: true,
      histogram_copy_to_distribution_prefix: 'copy.',
    };
    const samples = [
      { line: 'lat:5:7|ms|@0.5|#a|T905', at: 1001 },
      { line: 'lat:9|h|#a|T909', at: 1002 },
      { line: 'lat:1|h|#a|T1009', at: 1003 },
    ];
    for (const cold of [false, true]) {
      const series = simulate({ config, samples, flush_at: [1010], cold });
      expect(series).toMatchObject([
        {
          name: 'copy.lat',
          type: 'sketch',
          tags: ['a'],
          sketches: [
            { ts: 900, cnt: 5, min: 5, max: 9, sum: 33 },
            { ts: 1000, cnt: 1, min: 1, max: 1, sum: 1 },
          ],
        },
      ]);
      expect(series).toHaveLength(1);
    }
  });

  test('keeps bytes that are not UTF-8', () => {
    const samples = [{ line: Buffer.from('t\xff:1|g|#\xe9:\xc3\xa9', 'latin1'), at: 1 }];
    expect(simulate({ samples, flush_at: [10] })).toMatchObject([
      { name: 't\ufffd', name_b64: 'dP8=', tags: ['\ufffd:é'], tags_b64: ['6TrDqQ=='] },
    ]);
  });

  test('lists what comes out by flush, name and tags, whatever came first', () => {
    const samples = [
      { line: 'b:1|g|T5\nb:1|g|#y\nb:1|g|#x\na:1|g', at: 1 },
      { line: 'a:2|g', at: 11 },
    ];
    const series = simulate({ samples, flush_at: [10], stop_at: 12 });
    expect(series.map(({ flush, name, tags }) => [flush, name, ...tags])).toEqual([
      [0, 'a'],
      [0, 'b', 'x'],
      [0, 'b', 'y'],
      ['stop', 'a'],
      [undefined, 'b'],
    ]);
  });

  test('gives nothing for nothing', () => {
    expect(simulate(EMPTY)).toEqual([]);
    expect(simulate({ ...EMPTY, flush_at: [10], stop_at: 20 })).toEqual([]);
  });
});

describe('simulate refuses', () => {
  const refuses = (options: object, message: string) =>
    test(message, () => {
      const run = () => simulate({ ...EMPTY, ...options } as SimulateOptions);
      expect(run).toThrow(SimulateInputError);
      expect(run).toThrow(message);
    });
  refuses({ samples: 'a:1|c' }, 'samples is a list');
  refuses({ flush_at: 10 }, 'flush_at is a list');
  refuses({ samples: ['a:1|c'] }, 'samples[0] is an object with line and at');
  refuses({ samples: [{ line: 1, at: 1 }] }, 'samples[0].line is text or bytes; it is 1');
  refuses({ samples: [{ line: 'a' }] }, 'samples[0].at is a time in seconds, from 0; it is undefined');
  refuses({ samples: [{ line: 'a', at: -1 }] }, 'samples[0].at is a time in seconds, from 0; it is -1');
  refuses(
    { samples: [{ line: 'a', at: 1, recv: 'x' }] },
    'samples[0].recv is a time in seconds, from 0; it is "x"',
  );
  refuses(
    { samples: [{ line: 'a'.repeat(65_537), at: 1 }] },
    'a line has 65537 bytes; a packet has at most 65536',
  );
  refuses({ flush_at: [Number.NaN] }, 'flush_at[0] is a time in seconds');
  refuses({ stop_at: null }, 'stop_at is a time in seconds, from 0; it is null');
  refuses({ shards: 0 }, 'shards is a whole number from 1; it is 0');

  const refusesConfig = (config: object, message: string) =>
    test(message, () => {
      expect(() => simulate({ ...EMPTY, config })).toThrow(ConfigError);
      expect(() => simulate({ ...EMPTY, config })).toThrow(message);
    });
  refusesConfig({ bucket_seconds: 0 }, 'bucket_seconds is 0');
  refusesConfig({ sketch_bin_limit: 0 }, 'sketch_bin_limit is 0 (given values); allowed: 1 to 65536');
  refusesConfig({ histogram_percentiles: 7 }, 'histogram_percentiles is 7');
});

describe('a last line without its newline', () => {
  const names = (source: 'udp' | 'uds', line = 'a:1|c\nb:2|c') =>
    simulate({
      samples: [{ line, at: 1 }],
      flush_at: [20],
      config: { dogstatsd_eol_required: ['uds'] },
      source,
    }).map(({ name }) => name);

  test('is dropped where dogstatsd_eol_required names its listener, as in the server', () => {
    expect(names('uds')).toEqual(['a']);
    expect(names('uds', 'a:1|c\nb:2|c\n')).toEqual(['a', 'b']);
    expect(names('udp')).toEqual(['a', 'b']);
  });
});
