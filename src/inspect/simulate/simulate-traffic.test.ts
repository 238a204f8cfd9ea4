import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { CapturedTagger } from '../capture/captured-tagger.ts';
import type { ReadRecord } from '../capture/record.ts';
import { openTraffic } from '../capture/traffic.ts';
import { simulate } from './simulate.ts';
import { simulateSettings } from './simulate-settings.ts';
import { simulateTraffic, type TrafficResult, type TrafficTimeline } from './simulate-traffic.ts';

const file = new URL('../../../test/fixtures/capture/full.dog', import.meta.url);

async function* batchesOf(records: readonly ReadRecord[], size = 3): AsyncGenerator<readonly ReadRecord[]> {
  for (let i = 0; i < records.length; i += size) yield records.slice(i, i + size);
}

const record = (text: string, seconds: number, rest: Partial<ReadRecord> = {}): ReadRecord => ({
  timestamp: BigInt(Math.round(seconds * 1e6)) * 1000n,
  payload: Buffer.from(text, 'latin1'),
  ...{ pid: 0, ancillary: new Uint8Array(0), listener: '', peer: '', missingBytes: 0, ...rest },
});

function run(
  records: readonly ReadRecord[],
  rest: Partial<TrafficTimeline> = {},
  config: object = {},
): Promise<TrafficResult> {
  return simulateTraffic({ batches: batchesOf(records), ...rest }, simulateSettings({ values: config }));
}

describe('recorded traffic through the virtual server', () => {
  it('gives what the same lines with times give', async () => {
    const times = [1000, 1003.5, 1009.99, 1010, 1017, 1031, 1030, 1044.25];
    const lines = ['a:1|c', 'a:2|c|#x:y', 'g:5|g', 'h:1:2:3|h', 'd:4|d', 's:e|s', 'a:1|c|@0.5', 'g:7|g'];
    const samples = lines.map((line, i) => ({ line, at: times[i] as number }));
    const recv = samples.map((one, i) => ({ ...one, recv: Math.max(...times.slice(0, i + 1)) }));
    const want = simulate({ samples: recv, flush_at: [1010, 1020, 1030, 1040, 1050] });
    const { series, flushAt } = await run(lines.map((line, i) => record(line, times[i] as number)));
    expect(flushAt).toEqual([1010, 1020, 1030, 1040, 1050]);
    expect(series).toEqual(want);
  });

  it('gives senders the tags that the capture stored for them, at the configured level', async () => {
    async function* pieces(): AsyncGenerator<Uint8Array> {
      yield new Uint8Array(readFileSync(file));
    }
    const first = await openTraffic(pieces());
    for await (const _ of first.batches);
    const { state } = first.facts();
    for (const [level, tags] of [
      ['low', ['env:dev', 'image_name:web']],
      ['orchestrator', ['env:dev', 'image_name:web', 'pod_name:web-0']],
      ['high', ['container_name:web-1', 'env:dev', 'image_name:web', 'pod_name:web-0']],
    ] as const) {
      const settings = simulateSettings({ values: { dogstatsd_tag_cardinality: level } });
      const senders = new CapturedTagger(state, settings.tagger);
      const { batches } = await openTraffic(pieces());
      const { series, records } = await simulateTraffic({ batches, senders }, settings);
      expect(records).toBe(2);
      expect(series.map(({ name, tags: of }) => [name, of])).toEqual([
        ['page.views', tags],
        ['temp', []],
      ]);
    }
  });

  it('passes over a silence of years without a flush for each bucket in it', async () => {
    const { series, flushAt } = await run([record('a:1|c', 1000), record('a:2|c', 1_700_000_000)]);
    expect(flushAt.length).toBeLessThan(200);
    expect(flushAt.at(-1)).toBe(1_700_000_010);
    const points = series.flatMap(({ points: of = [] }) => of).filter(([, value]) => value !== 0);
    expect(points).toEqual([
      [1000, 0.1],
      [1_700_000_000, 0.2],
    ]);
  });

  it('flushes and stops when it is told', async () => {
    const records = [record('a:1|c', 1001), record('a:1|c', 1002), record('a:1|c', 1025)];
    const flushed = await run(records, { flushAt: [1030, 1012] });
    expect(flushed.flushAt).toEqual([1012, 1030]);
    const stopped = await run(records, { stopAt: 1005 });
    expect(stopped.records).toBe(2);
    expect(stopped.series.map(({ flush }) => flush)).toEqual(['stop']);
  });

  it('drops the cut line of a packet that the recording has not whole, and counts what no listener takes', async () => {
    const cut = await run([record('a:1|c\nb:2|', 1000, { missingBytes: 1 })]);
    expect(cut.series.map(({ name }) => name)).toEqual(['a']);
    const long = await run([record('x'.repeat(70_000), 1000), record('a:1|c', 1000)]);
    expect([long.tooLong, long.records]).toEqual([1, 1]);
  });

  it('treats ends of lines as the listener of each packet would', async () => {
    const config = { dogstatsd_eol_required: ['udp'] };
    const settings = simulateSettings({ values: config });
    const records = [
      record('a:1|c', 1000, { listener: 'udp' }),
      record('b:1|c', 1000, { listener: 'unixgram' }),
    ];
    const { series } = await run(records, { eolRequired: settings.eolRequired }, config);
    expect(series.map(({ name }) => name)).toEqual(['b']);
  });
});
