/**
 * A test server: receives as a server does, on free ports and in a temporary folder of its own, and tells a test
 * what came.
 *
 *   UDP, Unix datagram, Unix stream, TCP, HTTP ─▶ recorder ─▶ waitFor(), metrics(), … and HTTP
 *
 * It runs on the event loop of the test and starts no thread, so that it is up at once and nothing of it is left when
 * it is closed. What lines mean, and what is delivered for them, is the server's own code (inspect/); the speed
 * of the server is not the point here. Several run at once and share nothing.
 *
 * Limits  those of recorder.ts and metric-table.ts; the oldest messages go first, and reports say so.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Simulation } from '../../inspect/simulate.ts';
import type { SimulatedSeries } from '../../inspect/simulate-series.ts';
import { simulateSettings } from '../../inspect/simulate-settings.ts';
import { LengthFraming } from '../../intake/length-framing.ts';
import { LineFraming } from '../../intake/line-framing.ts';
import {
  describeExpectation,
  type EventExpectation,
  eventDifferences,
  findMetric,
  type MetricExpectation,
  type ServiceCheckExpectation,
  serviceCheckDifferences,
} from './expectation.ts';
import type { Expectation } from './expectation-text.ts';
import { reportEvent, reportMetric, reportServiceCheck, type Surroundings } from './failure-report.ts';
import { listenHttp } from './http-listener.ts';
import type { TakePacket, TestListener } from './listener.ts';
import { copyOf } from './metric-table.ts';
import type {
  ReceivedEvent,
  ReceivedMessage,
  ReceivedMetric,
  ReceivedServiceCheck,
  RejectedMessage,
} from './received.ts';
import { type ConfigFrom, Recorder } from './recorder.ts';
import { listenStream } from './stream-listener.ts';
import { listenUdp } from './udp-listener.ts';
import { listenUnixDatagram } from './unix-datagram-listener.ts';

const PACKET_BYTES_MAX = 65_536;
const DEFAULT_TIMEOUT_MS = 5000;

export interface TestServerOptions {
  /** Keys and values as in the configuration file: mapper, namespace, tags, filters. The environment is not read. */
  readonly config?: object;
  /** A configuration file to read as well; `config` wins. */
  readonly configFile?: string;
  /** 127.0.0.1 by default. */
  readonly host?: string;
  /** UDP port; 0, the default, takes any free one. */
  readonly port?: number;
  /** TCP port of the HTTP server; 0, the default, takes any free one. */
  readonly httpPort?: number;
}

export interface WaitOptions {
  /** 5,000 by default. */
  readonly timeoutMs?: number;
}

/** What was expected did not arrive in time; the message says what did. */
export class ExpectationError extends Error {
  override readonly name = 'ExpectationError';
  readonly code = 'ERR_NOT_RECEIVED';
}

/** Everything received, sorted, without times: for snapshots. */
export interface TestSnapshot {
  readonly metrics: readonly Pick<
    ReceivedMetric,
    'name' | 'type' | 'tags' | 'sum' | 'count' | 'last' | 'elements'
  >[];
  readonly events: readonly Omit<ReceivedEvent, 'timestamp'>[];
  readonly serviceChecks: readonly Omit<ReceivedServiceCheck, 'timestamp'>[];
  readonly rejected: readonly Pick<RejectedMessage, 'line' | 'reason'>[];
}

/** Starts a test server. Rejects with ConfigError, or the error of a listener; nothing is left open then. */
export async function startTestServer(options: TestServerOptions = {}): Promise<TestServer> {
  const { host = '127.0.0.1', port = 0, httpPort = 0, config = {}, configFile } = options;
  const request = { values: config, ...(configFile !== undefined && { file: configFile }) };
  const folder = mkdtempSync(join(tmpdir(), 'whippet-'));
  const listeners: TestListener[] = [];
  try {
    const recorder = new Recorder({ request, clock: () => performance.now() });
    const take: TakePacket = (packet, via) => recorder.take(packet, via);
    const socketPath = join(folder, 'dsd.sock');
    const streamSocketPath = join(folder, 'dsd-stream.sock');
    const udp = await listenUdp(host, port, take);
    listeners.push(udp);
    const datagrams = listenUnixDatagram(socketPath, take);
    if (datagrams !== undefined) listeners.push(datagrams);
    const frames = (): LengthFraming => new LengthFraming(PACKET_BYTES_MAX);
    listeners.push(await listenStream({ path: streamSocketPath }, 'unix', frames, take));
    const lines = (): LineFraming => new LineFraming(PACKET_BYTES_MAX);
    const tcp = await listenStream({ host, port: 0 }, 'tcp', lines, take);
    listeners.push(tcp);
    const server: TestServer = new TestServer(recorder, request, {
      host,
      port: udp.port,
      tcpPort: tcp.port,
      socketPath: datagrams === undefined ? undefined : socketPath,
      streamSocketPath,
      close: () => closeAll(listeners, folder),
    });
    const http = await listenHttp(host, httpPort, take, server);
    listeners.push(http);
    server.httpPort = http.port;
    return server;
  } catch (error) {
    await closeAll(listeners, folder);
    throw error;
  }
}

async function closeAll(listeners: readonly TestListener[], folder: string): Promise<void> {
  await Promise.all(listeners.map((listener) => listener.close()));
  rmSync(folder, { recursive: true, force: true });
}

interface Places {
  readonly host: string;
  readonly port: number;
  readonly tcpPort: number;
  readonly socketPath: string | undefined;
  readonly streamSocketPath: string;
  readonly close: () => Promise<void>;
}

export class TestServer {
  readonly host: string;
  /** UDP. */
  readonly port: number;
  /** TCP, newline-delimited. */
  readonly tcpPort: number;
  /** Unix datagram socket; undefined where it cannot be had (not Linux). */
  readonly socketPath: string | undefined;
  /** Unix stream socket, length-prefixed frames. */
  readonly streamSocketPath: string;
  /** Set once HTTP is up. */
  httpPort = 0;
  private readonly recorder: Recorder;
  private readonly request: ConfigFrom;
  private readonly closeListeners: () => Promise<void>;
  private closed: Promise<void> | undefined;
  private simulation: { readonly run: Simulation; now: number; readonly width: number } | undefined;

  /** Made by startTestServer(). */
  constructor(recorder: Recorder, request: ConfigFrom, places: Places) {
    this.recorder = recorder;
    this.request = request;
    this.host = places.host;
    this.port = places.port;
    this.tcpPort = places.tcpPort;
    this.socketPath = places.socketPath;
    this.streamSocketPath = places.streamSocketPath;
    this.closeListeners = places.close;
  }

  /** HTTP: `/dogstatsd/v2/proxy` for tracers, `/api/test/…` for tests in other languages. */
  get url(): string {
    return `http://${bracket(this.host)}:${this.httpPort}`;
  }

  /** Variables that make the official clients send here. */
  get env(): Record<string, string> {
    const port = String(this.port);
    return {
      DD_AGENT_HOST: this.host,
      DD_DOGSTATSD_HOST: this.host,
      DD_DOGSTATSD_PORT: port,
      DD_DOGSTATSD_URL: `udp://${bracket(this.host)}:${port}`,
      STATSD_HOST: this.host,
      STATSD_PORT: port,
      WHIPPET_TEST_URL: this.url,
      WHIPPET_TEST_STREAM_SOCKET: this.streamSocketPath,
      ...(this.socketPath !== undefined && { WHIPPET_TEST_SOCKET: this.socketPath }),
    };
  }

  /** What was received, by name, type, tags and host, in the order first seen. */
  metrics(): ReceivedMetric[] {
    return [...this.recorder.metrics.all()].map(copyOf);
  }

  /** All that fits, combined; undefined when nothing does. */
  metric(expected: MetricExpectation): ReceivedMetric | undefined {
    return findMetric(this.recorder.metrics.all(), expected);
  }

  events(): ReceivedEvent[] {
    return [...this.recorder.events];
  }

  serviceChecks(): ReceivedServiceCheck[] {
    return [...this.recorder.serviceChecks];
  }

  /** Lines that meant nothing. */
  rejected(): RejectedMessage[] {
    return [...this.recorder.rejected];
  }

  /** Every line, in the order of arrival. */
  messages(): ReceivedMessage[] {
    return [...this.recorder.messages];
  }

  /** Everything received, sorted and without times. */
  snapshot(): TestSnapshot {
    const byText = <T>(list: readonly T[]): T[] =>
      [...list].sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
    return {
      metrics: byText(
        this.metrics().map(({ name, type, tags, sum, count, last, elements }) => ({
          name,
          type,
          tags,
          sum,
          count,
          last,
          elements: [...elements].sort(),
        })),
      ),
      events: byText(this.recorder.events.map(({ timestamp: _, ...event }) => event)),
      serviceChecks: byText(this.recorder.serviceChecks.map(({ timestamp: _, ...check }) => check)),
      rejected: byText(this.recorder.rejected.map(({ line, reason }) => ({ line, reason }))),
    };
  }

  /** Forgets what was received. */
  reset(): void {
    this.recorder.reset();
    this.simulation = undefined;
  }

  /**
   * Ends a bucket on a virtual clock: the series a server would deliver for what came since the last flush, zeros
   * of idle counters included. The first bucket begins at second 0.
   */
  flush(): SimulatedSeries[] {
    if (this.simulation === undefined) {
      const settings = simulateSettings(this.request);
      const run = new Simulation(settings, false, 1);
      this.simulation = { run, now: 0, width: settings.sampler.intervalSeconds };
    }
    const { simulation, recorder } = this;
    for (const line of recorder.unflushed.splice(0)) simulation.run.takePacket(line, simulation.now);
    simulation.now += simulation.width;
    simulation.run.flush(0, simulation.now);
    return simulation.run.takeSeries();
  }

  /** Resolves with what fits, combined, as soon as it has arrived. Rejects with ExpectationError. */
  waitFor(expected: MetricExpectation, options?: WaitOptions): Promise<ReceivedMetric> {
    return this.wait(
      () => this.metric(expected),
      () => reportMetric(expected, this.recorder.metrics.all(), this.surroundings()),
      options,
    );
  }

  /** Resolves with the first event that fits. Rejects with ExpectationError. */
  waitForEvent(expected: EventExpectation, options?: WaitOptions): Promise<ReceivedEvent> {
    return this.wait(
      () => this.recorder.events.find((event) => eventDifferences(event, expected).length === 0),
      () => reportEvent(expected, this.recorder.events, this.surroundings()),
      options,
    );
  }

  /** Resolves with the first service check that fits. Rejects with ExpectationError. */
  waitForServiceCheck(
    expected: ServiceCheckExpectation,
    options?: WaitOptions,
  ): Promise<ReceivedServiceCheck> {
    return this.wait(
      () =>
        this.recorder.serviceChecks.find((check) => serviceCheckDifferences(check, expected).length === 0),
      () => reportServiceCheck(expected, this.recorder.serviceChecks, this.surroundings()),
      options,
    );
  }

  /** Any of the three. */
  waitForExpectation(expectation: Expectation, options?: WaitOptions): Promise<unknown> {
    switch (expectation.kind) {
      case 'metric':
        return this.waitFor(expectation.expected, options);
      case 'event':
        return this.waitForEvent(expectation.expected, options);
      default:
        return this.waitForServiceCheck(expectation.expected, options);
    }
  }

  /** What to say when a metric that is expected is not there. */
  explainMissing(expected: MetricExpectation): string {
    return reportMetric(expected, this.recorder.metrics.all(), this.surroundings());
  }

  /** Stops listening and removes the temporary folder. A second call waits for the first. */
  close(): Promise<void> {
    this.closed ??= this.closeListeners();
    return this.closed;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  private wait<T>(
    find: () => T | undefined,
    report: () => string,
    { timeoutMs = DEFAULT_TIMEOUT_MS }: WaitOptions = {},
  ): Promise<T> {
    const found = find();
    if (found !== undefined) return Promise.resolve(found);
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        stop();
        reject(new ExpectationError(report()));
      }, timeoutMs);
      const stop = this.recorder.onArrival(() => {
        const arrived = find();
        if (arrived === undefined) return;
        stop();
        clearTimeout(timer);
        resolve(arrived);
      });
    });
  }

  private surroundings(): Surroundings {
    const { messageCount, rejected, filteredCount, leftOut } = this.recorder;
    return { messages: messageCount, rejected, filtered: filteredCount, leftOut };
  }
}

/** What is expected, in words. */
export { describeExpectation };

function bracket(host: string): string {
  return host.includes(':') ? `[${host}]` : host;
}
