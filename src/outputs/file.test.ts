import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  aggregate,
  Contexts,
  checkOf,
  eventOf,
  histogramOf,
  sketchOf,
} from '../../test/support/decode/aggregates.ts';
import type { Log } from '../lib/log.ts';
import type { Aggregate } from '../model/series.ts';
import { FileOutput } from './file.ts';
import type { FileRecord } from './file-record.ts';

let folder: string;
let path: string;
let logged: string[];
const log: Log = {
  info: (_, sentence) => logged.push(sentence),
  warn: (_, sentence) => logged.push(sentence),
  error: (_, sentence) => logged.push(sentence),
};
const contexts = new Contexts();

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'file-output-'));
  path = join(folder, 'out.ndjson');
  logged = [];
});
afterEach(() => rmSync(folder, { recursive: true }));

async function recordsOf(...aggregates: Aggregate[]): Promise<FileRecord[]> {
  const output = await FileOutput.open({ path, log });
  output.write(aggregates);
  output.end();
  expect(await output.close(1000)).toEqual({ undelivered: 0 });
  return readRecords();
}

function readRecords(): FileRecord[] {
  const text = readFileSync(path, 'utf8');
  return text === ''
    ? []
    : text
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line));
}

const metricOf = (output: FileOutput, name: string) =>
  output.metrics().find((metric) => metric.name === name)?.samples[0]?.value;

describe('records', () => {
  test('a counter is a rate that also carries its exact total', async () => {
    const hits = contexts.create('hits', 'counter', ['env:prod', 'beta']);
    expect(await recordsOf(aggregate(hits, { kind: 'counter', sum: 0.1 + 0.2 }))).toEqual([
      {
        metric: 'hits',
        type: 'rate',
        tags: ['env:prod', 'beta'],
        host: 'server',
        timestamp: 1_700_000_000,
        interval: 10,
        value: (0.1 + 0.2) / 10,
        count: 0.1 + 0.2,
      },
    ]);
  });

  test('numbers that JSON cannot say are strings', async () => {
    const gauge = contexts.create('g', 'gauge');
    const records = await recordsOf(
      ...[Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, -0, 1e21].map((value) =>
        aggregate(gauge, { kind: 'gauge', value }),
      ),
    );
    expect(records.map((record) => 'value' in record && record.value)).toEqual([
      'NaN',
      'Infinity',
      '-Infinity',
      0,
      1e21,
    ]);
  });

  test('a distribution carries its sketch', async () => {
    const context = contexts.create('d', 'distribution');
    expect(
      await recordsOf(aggregate(context, { kind: 'distribution', sketch: sketchOf([1, 2, 2]) })),
    ).toMatchObject([
      {
        metric: 'd',
        type: 'distribution',
        value: 5,
        sketch: { cnt: 3, min: 1, max: 2, sum: 5, avg: 5 / 3, k: [1338, 1383], n: [1, 2] },
      },
    ]);
  });

  test('a histogram is a record per aggregate, the first of them with the raw numbers', async () => {
    const context = contexts.create('h', 'histogram');
    const records = await recordsOf(
      aggregate(context, { kind: 'histogram', histogram: histogramOf([1, 2, 6]) }),
    );
    expect(records).toMatchObject([
      { metric: 'h.max', type: 'gauge', value: 6, histogram: { cnt: 3, sum: 9, min: 1, max: 6 } },
      { metric: 'h.avg', type: 'gauge', value: 3 },
      { metric: 'h.count', type: 'rate', value: 0.3, count: 3 },
      { metric: 'h.95percentile', type: 'gauge', value: 6 },
    ]);
    expect(records.filter((record) => 'histogram' in record)).toHaveLength(1);
  });

  test('a timestamped counter keeps its time and its value', async () => {
    const context = contexts.create('t', 'counter');
    expect(await recordsOf(aggregate(context, { kind: 'timestamped', value: 7 }, 42))).toMatchObject([
      { timestamp: 42, type: 'rate', value: 0.7, count: 7 },
    ]);
  });

  test('names and tags are decoded, and hostile ones stay on their line', async () => {
    const context = contexts.create('caf\xc3\xa9', 'gauge', ['a:"\n\\', '\xff', '\u0000:']);
    expect(await recordsOf(aggregate(context, { kind: 'gauge', value: 1 }))).toMatchObject([
      { metric: 'café', tags: ['a:"\n\\', '\ufffd', '\u0000:'] },
    ]);
  });

  test('events and service checks are records with a kind', async () => {
    const output = await FileOutput.open({ path, log });
    output.event(eventOf('deploy', { alertType: 'error', tags: ['a'] }), 12.5);
    output.serviceCheck(checkOf('db.up', { status: 2, timestamp: 9, message: 'down' }), 12.5);
    await output.close(1000);
    expect(readRecords()).toEqual([
      {
        kind: 'event',
        title: 'deploy',
        text: '',
        timestamp: 12,
        host: 'server',
        tags: ['a'],
        priority: 'normal',
        alert_type: 'error',
        aggregation_key: '',
        source_type: '',
      },
      {
        kind: 'service_check',
        check: 'db.up',
        status: 2,
        timestamp: 9,
        host: 'server',
        tags: [],
        message: 'down',
      },
    ]);
  });
});

describe('failure', () => {
  test('a missing directory is an error that names the key', async () => {
    await expect(FileOutput.open({ path: join(folder, 'no', 'out'), log })).rejects.toMatchObject({
      code: 'ERR_FILE_OUTPUT_OPEN',
      message: expect.stringMatching(/ENOENT.*outputs\.file\.path/),
    });
  });

  test('what cannot be written is kept, then reported', async () => {
    const output = await FileOutput.open({
      path,
      log,
      openFile: async () => ({
        write: () => Promise.reject(Object.assign(new Error('i/o error'), { code: 'EIO' })),
        close: async () => {},
      }),
    });
    const context = contexts.create('h', 'histogram');
    for (let i = 0; i < 3; i++) {
      output.write([aggregate(context, { kind: 'histogram', histogram: histogramOf([1]) })]);
      output.end();
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
    expect(metricOf(output, 'whippet_file_records_held')).toBe(3);
    expect(logged).toEqual(['the file output cannot write; retrying at each flush']);
    const report = await output.close(100);
    expect(report).toEqual({
      undelivered: 3,
      lostAtStop: 3,
      reason: `3 aggregates, events and checks could not be written to ${path}`,
    });
    expect(await output.close(100)).toEqual(report);
  });

  test('beyond the queue limit aggregates are dropped, counted and logged once per flush', async () => {
    const output = await FileOutput.open({ path, log, queueBytesMax: 300 });
    const context = contexts.create('g', 'gauge');
    const batch = Array.from({ length: 10 }, (_, value) => aggregate(context, { kind: 'gauge', value }));
    output.write(batch);
    output.end();
    const dropped = metricOf(output, 'whippet_file_records_dropped_total') as number;
    expect(dropped).toBeGreaterThan(0);
    expect(logged).toEqual(['the file output dropped aggregates because its queue is full']);
    expect(await output.close(1000)).toMatchObject({ undelivered: dropped });
    // taken = written + dropped + held
    expect(metricOf(output, 'whippet_file_records_written_total')).toBe(10 - dropped);
    expect(metricOf(output, 'whippet_file_records_held')).toBe(0);
    expect(readRecords()).toHaveLength(10 - dropped);
  });
});
