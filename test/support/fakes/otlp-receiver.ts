/**
 * A receiver of OTLP in this process, over HTTP or gRPC: decodes what it is sent with the protobuf library and a schema of its
 * own, and answers as it is told.
 */

import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import {
  createServer as createHttp2,
  createSecureServer,
  type Http2Server,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from 'node:http2';
import type { AddressInfo } from 'node:net';
import { gunzipSync } from 'node:zlib';
import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import {
  type ExponentialHistogramDataPoint,
  ExportLogsServiceRequestSchema,
  ExportMetricsServiceRequestSchema,
  ExportMetricsServiceResponseSchema,
  type KeyValue,
  type LogRecord,
  type NumberDataPoint,
} from '../../../bench/proto/otlp_pb.ts';

export interface ReceivedPoint {
  readonly name: string;
  readonly kind: 'gauge' | 'sum' | 'histogram';
  readonly temporality: number;
  readonly monotonic: boolean;
  readonly resource: Readonly<Record<string, string>>;
  readonly scope: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly keys: readonly string[];
  /** Milliseconds. */
  readonly startAt: number;
  readonly at: number;
  readonly value: number | undefined;
  readonly flags: number;
  readonly histogram: ExponentialHistogramDataPoint | undefined;
}

export interface ReceivedRecord {
  readonly resource: Readonly<Record<string, string>>;
  readonly attributes: Readonly<Record<string, string>>;
  readonly record: LogRecord;
}

export interface ReceivedExport {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly points: readonly ReceivedPoint[];
  readonly records: readonly ReceivedRecord[];
}

/** `status` is the HTTP status, or over gRPC `grpc` the other one. */
export interface OtlpReply {
  readonly status?: number;
  readonly headers?: Record<string, string>;
  readonly body?: string | Uint8Array;
  readonly grpc?: number;
  readonly message?: string;
  /** grpc-status-details-bin. */
  readonly details?: Uint8Array;
  readonly hangs?: boolean;
  readonly cuts?: boolean;
}

export class OtlpReceiver {
  readonly exports: ReceivedExport[] = [];
  answer: (request: ReceivedExport) => OtlpReply = () => ({});
  private readonly isGrpc: boolean;
  private readonly server: Server | Http2Server;
  private readonly sessions = new Set<ServerHttp2Session>();
  private readonly tls: boolean;

  constructor(protocol: 'http' | 'grpc' = 'http', tls?: { key: string; cert: string }) {
    this.isGrpc = protocol === 'grpc';
    this.tls = tls !== undefined;
    this.server = this.isGrpc ? this.grpcServer(tls) : this.httpServer();
  }

  async start(port = 0): Promise<string> {
    await new Promise<void>((resolve) => this.server.listen(port, '127.0.0.1', resolve));
    const { port: taken } = this.server.address() as AddressInfo;
    return `${this.tls ? 'https' : 'http'}://127.0.0.1:${taken}`;
  }

  get points(): ReceivedPoint[] {
    return this.exports.flatMap(({ points }) => [...points]);
  }

  get records(): ReceivedRecord[] {
    return this.exports.flatMap(({ records }) => [...records]);
  }

  async close(): Promise<void> {
    for (const session of this.sessions) session.destroy();
    if ('closeAllConnections' in this.server) this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  private httpServer(): Server {
    return createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        const body = Buffer.concat(chunks);
        const whole = request.headers['content-encoding'] === 'gzip' ? gunzipSync(body) : body;
        const {
          status = 200,
          headers = {},
          body: text = '',
          hangs,
          cuts,
        } = this.take(request.url ?? '', request.headers, whole);
        if (hangs) return;
        if (cuts) request.socket.destroy();
        else response.writeHead(status, { 'content-type': 'application/x-protobuf', ...headers }).end(text);
      });
    });
  }

  private grpcServer(tls: { key: string; cert: string } | undefined): Http2Server {
    const server = tls === undefined ? createHttp2() : (createSecureServer(tls) as unknown as Http2Server);
    server.on('session', (session) => this.sessions.add(session));
    server.on('stream', (stream, headers) => {
      stream.on('error', () => undefined);
      const chunks: Buffer[] = [];
      stream.on('data', (chunk: Buffer) => chunks.push(chunk));
      stream.on('end', () => this.answerGrpc(stream, headers, Buffer.concat(chunks)));
    });
    return server;
  }

  private answerGrpc(stream: ServerHttp2Stream, headers: IncomingHttpHeaders, frame: Buffer): void {
    if (frame.readUInt32BE(1) !== frame.length - 5)
      throw new Error('the frame has another length than it says');
    const message = frame.subarray(5);
    const body = frame.readUInt8(0) === 1 ? gunzipSync(message) : message;
    const reply = this.take(String(headers[':path']), headers, body);
    const { status = 200, grpc, message: text = '', details, hangs, cuts, headers: more = {} } = reply;
    if (hangs) return;
    if (cuts) {
      stream.session?.destroy();
      return;
    }
    if (grpc === undefined && status !== 200) {
      stream.respond({ ':status': status, ...more }, { endStream: true });
      return;
    }
    stream.respond(
      { ':status': 200, 'content-type': 'application/grpc', ...more },
      { waitForTrailers: true },
    );
    stream.on('wantTrailers', () =>
      stream.sendTrailers({
        'grpc-status': String(grpc ?? 0),
        ...(text !== '' && { 'grpc-message': encodeURIComponent(text) }),
        ...(details && { 'grpc-status-details-bin': Buffer.from(details).toString('base64') }),
      }),
    );
    const response = Buffer.from(reply.body ?? '');
    const prefix = Buffer.alloc(5);
    prefix.writeUInt32BE(response.length, 1);
    stream.end(grpc === undefined || grpc === 0 ? Buffer.concat([prefix, response]) : undefined);
  }

  private take(path: string, headers: IncomingHttpHeaders, body: Buffer): OtlpReply {
    const isLogs = /logs/i.test(path);
    const request = {
      path,
      headers,
      points: isLogs ? [] : pointsOf(body),
      records: isLogs ? recordsOf(body) : [],
    };
    this.exports.push(request);
    return this.answer(request);
  }
}

/** The answer of a receiver that did not take all. */
export function partial(rejected: number, errorMessage = ''): Uint8Array {
  const partialSuccess = { rejected: BigInt(rejected), errorMessage };
  return toBinary(
    ExportMetricsServiceResponseSchema,
    create(ExportMetricsServiceResponseSchema, { partialSuccess }),
  );
}

function pointsOf(body: Buffer): ReceivedPoint[] {
  const { resourceMetrics } = fromBinary(ExportMetricsServiceRequestSchema, body);
  return resourceMetrics.flatMap(({ resource, scopeMetrics }) =>
    scopeMetrics.flatMap(({ scope, metrics }) =>
      metrics.flatMap(({ name, data }): ReceivedPoint[] => {
        const shared = { name, resource: textsOf(resource?.attributes ?? []), scope: scope?.name ?? '' };
        if (data.case === undefined) return [];
        const kind = data.case === 'exponentialHistogram' ? 'histogram' : data.case;
        const temporality = data.case === 'gauge' ? 0 : data.value.aggregationTemporality;
        const monotonic = data.case === 'sum' && data.value.isMonotonic;
        return [...data.value.dataPoints].map((point: NumberDataPoint | ExponentialHistogramDataPoint) => ({
          ...shared,
          kind,
          temporality,
          monotonic,
          attributes: textsOf(point.attributes),
          keys: point.attributes.map(({ key }) => key),
          startAt: msOf(point.startTimeUnixNano),
          at: msOf(point.timeUnixNano),
          value: 'value' in point && typeof point.value.value === 'number' ? point.value.value : undefined,
          flags: point.flags,
          histogram: 'scale' in point ? point : undefined,
        }));
      }),
    ),
  );
}

function recordsOf(body: Buffer): ReceivedRecord[] {
  const { resourceLogs } = fromBinary(ExportLogsServiceRequestSchema, body);
  return resourceLogs.flatMap(({ resource, scopeLogs }) =>
    scopeLogs.flatMap(({ logRecords }) =>
      logRecords.map((record) => ({
        resource: textsOf(resource?.attributes ?? []),
        attributes: textsOf(record.attributes),
        record,
      })),
    ),
  );
}

function textsOf(attributes: readonly KeyValue[]): Record<string, string> {
  return Object.fromEntries(
    attributes.map(({ key, value }) => [key, value?.value.case === 'stringValue' ? value.value.value : '?']),
  );
}

function msOf(nanos: bigint): number {
  if (nanos % 1_000_000n !== 0n) throw new Error(`${nanos} is no whole number of milliseconds`);
  return Number(nanos / 1_000_000n);
}
