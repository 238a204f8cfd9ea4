import { describe, expect, it } from 'vitest';
import { DecodeError } from './decode-error.ts';
import {
  decodeCheckRuns,
  decodeEventGroups,
  decodeSeriesV1,
  decodeSeriesV2,
  decodeSingleEvent,
} from './decode-json.ts';

const json = (value: unknown): Uint8Array => Buffer.from(JSON.stringify(value));

describe('decodeSeriesV1', () => {
  it('reads pairs of time and value, host and device', () => {
    const body = json({
      series: [
        {
          metric: 'a',
          points: [[5, 1.5]],
          type: 'rate',
          tags: ['x:y'],
          host: 'h',
          device: 'sda',
          interval: 10,
          source_type_name: 's',
        },
      ],
    });
    expect(decodeSeriesV1(body)).toEqual([
      {
        metric: 'a',
        type: 'rate',
        points: [{ timestamp: 5, value: 1.5 }],
        tags: ['x:y'],
        host: 'h',
        resources: [
          { type: 'host', name: 'h' },
          { type: 'device', name: 'sda' },
        ],
        interval: 10,
        unit: '',
        sourceTypeName: 's',
      },
    ]);
  });

  it('takes what is not given as a gauge without tags', () => {
    expect(decodeSeriesV1(json({ series: [{ metric: 'a', points: [] }] }))[0]).toMatchObject({
      type: 'gauge',
      tags: [],
      host: '',
      interval: 0,
    });
  });
});

describe('decodeSeriesV2', () => {
  it('reads numbers of types, resources and the origin', () => {
    const body = json({
      series: [
        {
          metric: 'a',
          type: 3,
          points: [{ timestamp: 5, value: 1 }],
          resources: [{ type: 'host', name: 'h' }],
          metadata: { origin: { product: 10, metric_type: 10, service: 0 } },
        },
      ],
    });
    expect(decodeSeriesV2(body)[0]).toMatchObject({
      type: 'gauge',
      host: 'h',
      origin: { product: 10, category: 10, service: 0 },
    });
  });
});

describe('decodeCheckRuns', () => {
  it('reads a list, and a single one', () => {
    const run = { check: 'up', host_name: 'h', timestamp: 5, status: 2, message: 'm', tags: null };
    const want = { check: 'up', host: 'h', timestamp: 5, status: 2, message: 'm', tags: [] };
    expect(decodeCheckRuns(json([run]))).toEqual([want]);
    expect(decodeCheckRuns(json(run))).toEqual([want]);
  });
});

describe('events', () => {
  it('are read by source type', () => {
    const body = json({
      apiKey: '',
      events: { api: [{ msg_title: 't', msg_text: 'x', timestamp: 5, host: 'h', alert_type: 'error' }] },
      internalHostname: 'h',
    });
    expect(decodeEventGroups(body)).toEqual([
      {
        title: 't',
        text: 'x',
        timestamp: 5,
        priority: '',
        host: 'h',
        tags: [],
        alertType: 'error',
        aggregationKey: '',
        sourceType: 'api',
        eventType: '',
      },
    ]);
  });

  it('are none in a body that has none, such as host metadata', () => {
    expect(decodeEventGroups(json({ internalHostname: 'h' }))).toEqual([]);
  });

  it('come one at a time from the public API', () => {
    expect(decodeSingleEvent(json({ title: 't', text: 'x', date_happened: 7 }))[0]).toMatchObject({
      title: 't',
      text: 'x',
      timestamp: 7,
    });
  });
});

describe('a body of another shape', () => {
  it.each([
    ['series', decodeSeriesV1, { series: [{ metric: 1, points: [] }] }, /series\.0\.metric/],
    ['series', decodeSeriesV2, { series: [{ metric: 'a', points: [{ value: 'x' }] }] }, /points\.0\.value/],
    ['series', decodeSeriesV2, [], /not what this route takes/],
    ['check', decodeCheckRuns, [{ check: 'a', status: 9 }], /not what this route takes/],
    ['events', decodeEventGroups, { events: { api: [{ tags: [1] }] } }, /events\.api\.0\.tags/],
  ])('is refused with the place that is wrong (%s)', (_, decode, value, reason) => {
    expect(() => decode(json(value))).toThrow(DecodeError);
    expect(() => decode(json(value))).toThrow(reason);
  });

  it('is refused when it is no JSON at all', () => {
    expect(() => decodeSeriesV2(Buffer.from('{"series":['))).toThrow(/not JSON/);
  });
});
