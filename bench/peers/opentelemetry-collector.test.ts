import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { expect, it } from 'vitest';
import { ExportMetricsServiceRequestSchema } from '../proto/otlp_pb.ts';
import { addRequest } from './opentelemetry-collector.ts';

it('adds up deltas of counters and observations of histograms, and nothing else', () => {
  const request = create(ExportMetricsServiceRequestSchema, {
    resourceMetrics: [
      {
        scopeMetrics: [
          {
            metrics: [
              {
                name: 'c_requests',
                data: {
                  case: 'sum',
                  value: {
                    dataPoints: [
                      { value: { case: 'asDouble', value: 2.5 } },
                      { value: { case: 'asInt', value: 4n } },
                    ],
                  },
                },
              },
              {
                name: 'd_time',
                data: { case: 'exponentialHistogram', value: { dataPoints: [{ count: 7n }, { count: 1n }] } },
              },
              {
                name: 'g_load',
                data: {
                  case: 'gauge',
                  value: { dataPoints: [{ value: { case: 'asDouble', value: 9 } }] },
                },
              },
            ],
          },
        ],
      },
    ],
  });
  const sums = { c: 1, h: 0, d: 0 };
  addRequest(
    sums,
    fromBinary(ExportMetricsServiceRequestSchema, toBinary(ExportMetricsServiceRequestSchema, request)),
  );
  expect(sums).toEqual({ c: 7.5, h: 0, d: 8 });
});
