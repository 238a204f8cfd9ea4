/**
 * The OpenTelemetry collector as a peer: its statsd receiver aggregates for ten seconds, as we do, and its exporter sends
 * the result over HTTP to this process, which adds it up.
 *
 * The collector's builder makes a program of these two parts alone. That compiles some thousand packages of Go: six
 * minutes on two processors, once.
 */
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { fromBinary } from '@bufbuild/protobuf';
import type { Destination } from '../../src/listeners/system/send-batch.ts';
import { type ExportMetricsServiceRequest, ExportMetricsServiceRequestSchema } from '../proto/otlp_pb.ts';
import { UDP_RECEIVE_BUFFER_BYTES } from '../rows.ts';
import {
  addByName,
  buildWithGo,
  drained,
  FOLDER,
  type Peer,
  PeerProcess,
  type PeerSums,
  type RunningPeer,
} from './peer.ts';

const VERSION = 'v0.165.0';
const PROGRAM = 'otelcol_statsd';
const INTERVAL_SECONDS = 10;
const MODULES = `dist:
  name: ${PROGRAM}
  module: whippet.test/${PROGRAM}
  output_path: ./${PROGRAM}-sources
receivers:
  - gomod: github.com/open-telemetry/opentelemetry-collector-contrib/receiver/statsdreceiver ${VERSION}
exporters:
  - gomod: go.opentelemetry.io/collector/exporter/otlphttpexporter ${VERSION}
`;

export const openTelemetryCollector: Peer = { name: 'opentelemetry_collector', build, start };

function build(): string {
  return buildWithGo(PROGRAM, (go) => {
    const sources = join(FOLDER, `${PROGRAM}-sources`);
    mkdirSync(sources, { recursive: true });
    writeFileSync(join(FOLDER, `${PROGRAM}.yaml`), MODULES);
    go('go', ['install', `go.opentelemetry.io/collector/cmd/builder@${VERSION}`]);
    go(join(FOLDER, 'builder'), ['--config', `${PROGRAM}.yaml`, '--skip-compilation']);
    go('go', ['build', '-trimpath', '-ldflags', '-s -w', '-o', join(FOLDER, PROGRAM), '.'], sources);
  });
}

async function start(destination: Destination, directory: string): Promise<RunningPeer> {
  const path = build();
  const receiver = await openReceiver();
  const config = join(directory, 'collector.json');
  writeFileSync(config, JSON.stringify(settings(destination, receiver.url)));
  const program = new PeerProcess(path, ['--config', config]);
  const stop = async (): Promise<void> => {
    await program.stop();
    receiver.server.close();
  };
  try {
    await program.whenUp(async () => isBound(destination));
  } catch (error) {
    await stop();
    throw error;
  }
  const sums = async (): Promise<PeerSums> => {
    await drained(program.pid);
    // What it had aggregated by then is sent at the end of its interval.
    await sleep((INTERVAL_SECONDS + 1) * 1000);
    await drained(program.pid);
    return receiver.sums;
  };
  return { pid: program.pid, sums, stop };
}

/** The same work as ours: exact sums of counters, sketches with a relative error, one context for all clients. */
function settings(destination: Destination, url: string): object {
  const isUdp = destination.kind === 'udp';
  const sketch = { observer_type: 'histogram', histogram: { max_size: 160 } };
  const statsd = {
    ...(isUdp
      ? { transport: 'udp', endpoint: `${destination.host}:${destination.port}` }
      : { transport: 'unixgram', endpoint: destination.path, socket_buffer_size: UDP_RECEIVE_BUFFER_BYTES }),
    aggregation_interval: `${INTERVAL_SECONDS}s`,
    ignore_host: true,
    enable_simple_tags: true,
    counter_type: 'float',
    timer_histogram_mapping: ['histogram', 'distribution'].map((type) => ({ statsd_type: type, ...sketch })),
  };
  return {
    receivers: { statsd },
    exporters: { otlp_http: { endpoint: url, compression: 'none', tls: { insecure: true } } },
    service: {
      telemetry: { metrics: { level: 'none' }, logs: { level: 'error' } },
      pipelines: { metrics: { receivers: ['statsd'], exporters: ['otlp_http'] } },
    },
  };
}

/** Whether something receives there. */
function isBound(destination: Destination): boolean {
  if (destination.kind !== 'udp') return existsSync(destination.path);
  const port = destination.port.toString(16).toUpperCase().padStart(4, '0');
  return readFileSync('/proc/net/udp', 'latin1').includes(`:${port} `);
}

/** Adds up what comes as OTLP over HTTP. */
async function openReceiver(): Promise<{ server: Server; url: string; sums: PeerSums }> {
  const sums = { c: 0, h: 0, d: 0 };
  const server = createServer(async (request, response) => {
    addRequest(sums, fromBinary(ExportMetricsServiceRequestSchema, await buffer(request)));
    response.writeHead(200, { 'content-type': 'application/x-protobuf' }).end();
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return { server, url: `http://127.0.0.1:${port}`, sums };
}

/** Adds deltas of counters, and observations of histograms. */
export function addRequest(sums: PeerSums, request: ExportMetricsServiceRequest): void {
  const metrics = request.resourceMetrics.flatMap((one) =>
    one.scopeMetrics.flatMap((scope) => scope.metrics),
  );
  for (const { name, data } of metrics) {
    if (data.case === 'sum') {
      for (const { value } of data.value.dataPoints) addByName(sums, name, Number(value.value ?? 0));
    } else if (data.case === 'exponentialHistogram') {
      for (const { count } of data.value.dataPoints) addByName(sums, name, Number(count));
    }
  }
}
