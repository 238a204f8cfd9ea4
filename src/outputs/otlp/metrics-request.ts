/**
 * Builds bodies of POST /v1/metrics, before compression.
 *
 *   ExportMetricsServiceRequest { resource_metrics 1 { resource 1, scope_metrics 2 { scope 1, metrics 2 } } }
 *   Metric { name 1, gauge 5 | sum 7 | exponential_histogram 10 { data_points 1, temporality 2, is_monotonic 3 } }
 *
 * Points of one resource, name and shape share a Metric, so each name stands once.
 *
 * Memory  what one request holds; finish() starts over.
 */
import type { ByteString } from '../../model/text.ts';
import { ProtoWriter } from '../protobuf/proto-writer.ts';
import type { Resource } from './resources.ts';
import { writeScope } from './scope.ts';

export const TEMPORALITIES = { delta: 1, cumulative: 2 } as const;
export type Temporality = keyof typeof TEMPORALITIES;

/** Shapes by the field of Metric they stand in. */
export const SHAPES = { gauge: 5, sum: 7, histogram: 10 } as const;
export type Shape = keyof typeof SHAPES;

export interface BuiltRequest {
  readonly body: Uint8Array;
  /** Data points or log records in it. */
  readonly count: number;
}

interface MetricGroup {
  readonly name: ByteString;
  readonly shape: Shape;
  readonly points: ProtoWriter;
}

interface ResourceGroup {
  readonly bytes: Uint8Array;
  readonly metrics: Map<string, MetricGroup>;
}

/** A first guess at the points of one metric, bytes. */
const METRIC_BYTES = 128;

export class MetricsRequest {
  count = 0;
  /** About. */
  byteLength = 0;
  private readonly temporality: number;
  private readonly version: string;
  private readonly resources = new Map<string, ResourceGroup>();

  /** `version` is that of whippet. */
  constructor(temporality: Temporality, version: string) {
    this.temporality = TEMPORALITIES[temporality];
    this.version = version;
  }

  /** Adds a data point. */
  add(resource: Resource, name: ByteString, shape: Shape, point: ProtoWriter): void {
    let group = this.resources.get(resource.key);
    if (group === undefined) {
      group = { bytes: resource.bytes, metrics: new Map() };
      this.resources.set(resource.key, group);
      this.byteLength += resource.bytes.length;
    }
    const key = `${SHAPES[shape]} ${name}`;
    let metric = group.metrics.get(key);
    if (metric === undefined) {
      metric = { name, shape, points: new ProtoWriter(METRIC_BYTES) };
      group.metrics.set(key, metric);
      this.byteLength += name.length;
    }
    metric.points.bytesItem(1, point.bytes, point.length);
    this.byteLength += point.length;
    this.count++;
  }

  /** The request so far; the next one begins empty. */
  finish(): BuiltRequest {
    const body = new ProtoWriter(Math.ceil(1.2 * this.byteLength) + 256);
    for (const { bytes, metrics } of this.resources.values()) {
      scopeMetrics.length = 0;
      writeScope(scopeMetrics, this.version);
      for (const metric of metrics.values()) this.writeMetric(metric);
      resourceMetrics.length = 0;
      resourceMetrics.bytesItem(1, bytes);
      resourceMetrics.bytesItem(2, scopeMetrics.bytes, scopeMetrics.length);
      body.bytesItem(1, resourceMetrics.bytes, resourceMetrics.length);
    }
    const built = { body: body.bytes.subarray(0, body.length), count: this.count };
    this.resources.clear();
    this.count = 0;
    this.byteLength = 0;
    return built;
  }

  private writeMetric({ name, shape, points }: MetricGroup): void {
    // The temporality comes after the points, in the same message.
    if (shape !== 'gauge') points.integer(2, this.temporality);
    if (shape === 'sum') points.integer(3, 1);
    metricMessage.length = 0;
    metricMessage.textItem(1, name);
    metricMessage.bytesItem(SHAPES[shape], points.bytes, points.length);
    scopeMetrics.bytesItem(2, metricMessage.bytes, metricMessage.length);
  }
}

/** Scratch. */
const metricMessage = new ProtoWriter(4096);
const scopeMetrics = new ProtoWriter(64 * 1024);
const resourceMetrics = new ProtoWriter(64 * 1024);
