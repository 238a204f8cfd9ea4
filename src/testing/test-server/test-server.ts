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

import { Simulation } from '../../inspect/simulate/simulate.ts';
import type { SimulatedSeries } from '../../inspect/simulate/simulate-series.ts';
import { simulateSettings } from '../../inspect/simulate/simulate-settings.ts';
import { checkEvent, checkKeys, checkMetric, checkServiceCheck } from '../expectations/check-expectation.ts';
import {
  type EventExpectation,
  eventDifferences,
  findMetric,
  type MetricExpectation,
  type ServiceCheckExpectation,
  serviceCheckDifferences,
} from '../expectations/expectation.ts';
import type { Expectation } from '../expectations/expectation-text.ts';
import {
  reportEvent,
  reportMetric,
  reportServiceCheck,
  type Surroundings,
} from '../expectations/failure-report.ts';
import { leaveRecord } from '../runners/run-record.ts';
import { childEnvironment, clientVariables } from './client-variables.ts';
import { copyOf } from './metric-table.ts';
import { type PlayedTraffic, type PlayOptions, playTraffic } from './play.ts';
import type {
  ReceivedEvent,
  ReceivedMessage,
  ReceivedMetric,
  ReceivedServiceCheck,
  RejectedMessage,
} from './received.ts';
import type { ConfigFrom, Recorder } from './recorder.ts';
import { checkWaitOptions, type WaitOptions, waitUntil } from './wait.ts';

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

/** Where a test server listens. */
export interface Places {
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
  private readonly waits = new Set<{ readonly report: () => string; readonly end: AbortController }>();
  private simulation: { readonly run: Simulation; now: number; readonly width: number } | undefined;

  /** Made by startTestServer() (start-test-server.ts). */
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

  /** Variables that make clients of all languages send here. A child has to have no others that contradict: childEnv(). */
  get env(): Record<string, string> {
    return clientVariables(this);
  }

  /** The environment of a child that sends here: `parent` without what contradicts, and `env`. */
  childEnv(parent: Readonly<Record<string, string | undefined>> = process.env): Record<string, string> {
    return childEnvironment(parent, this.env).env;
  }

  /**
   * Takes the packets of a capture, or of another recording, as if they had been sent here: at once, whatever their
   * times, with the tags that their senders had. Resolves with how many, and a sentence for everything that could not be
   * read. Rejects with TrafficFileError or CaptureFormatError.
   */
  async play(file: string, options: PlayOptions = {}): Promise<PlayedTraffic> {
    checkKeys('the options of play()', options, ['filter', 'port']);
    const { filter = [], port } = options;
    return await playTraffic(this.recorder, file, { filter, ...(port !== undefined && { port }) });
  }

  /** What was received, by name, type, tags and host, in the order first seen. */
  metrics(): ReceivedMetric[] {
    return [...this.recorder.metrics.all()].map(copyOf);
  }

  /** All that fits, combined; undefined when nothing does. Throws TypeError when `expected` makes no sense. */
  metric(expected: MetricExpectation): ReceivedMetric | undefined {
    checkMetric(expected);
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
    leaveRecord(this);
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

  /** Resolves with what fits, combined, as soon as it has arrived. Rejects with ExpectationError or TypeError. */
  async waitFor(
    expected: MetricExpectation,
    options: WaitOptions = {},
    task?: unknown,
  ): Promise<ReceivedMetric> {
    checkMetric(expected);
    return this.wait(
      () => findMetric(this.recorder.metrics.all(), expected),
      () => reportMetric(expected, this.recorder.metrics.all(), this.surroundings()),
      options,
      task,
    );
  }

  /** The first event that fits; undefined when none does. Throws TypeError when `expected` makes no sense. */
  event(expected: EventExpectation): ReceivedEvent | undefined {
    checkEvent(expected);
    return this.recorder.events.find((event) => eventDifferences(event, expected).length === 0);
  }

  /** Resolves with the first event that fits. Rejects with ExpectationError or TypeError. */
  async waitForEvent(
    expected: EventExpectation,
    options: WaitOptions = {},
    task?: unknown,
  ): Promise<ReceivedEvent> {
    checkEvent(expected);
    return this.wait(
      () => this.event(expected),
      () => this.explainMissingEvent(expected),
      options,
      task,
    );
  }

  /** The first service check that fits; undefined when none does. Throws TypeError when `expected` makes no sense. */
  serviceCheck(expected: ServiceCheckExpectation): ReceivedServiceCheck | undefined {
    checkServiceCheck(expected);
    return this.recorder.serviceChecks.find((one) => serviceCheckDifferences(one, expected).length === 0);
  }

  /** Resolves with the first service check that fits. Rejects with ExpectationError or TypeError. */
  async waitForServiceCheck(
    expected: ServiceCheckExpectation,
    options: WaitOptions = {},
    task?: unknown,
  ): Promise<ReceivedServiceCheck> {
    checkServiceCheck(expected);
    return this.wait(
      () => this.serviceCheck(expected),
      () => this.explainMissingServiceCheck(expected),
      options,
      task,
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

  /** What to say when an event that is expected is not there. */
  explainMissingEvent(expected: EventExpectation): string {
    return reportEvent(expected, this.recorder.events, this.surroundings());
  }

  /** What to say when a service check that is expected is not there. */
  explainMissingServiceCheck(expected: ServiceCheckExpectation): string {
    return reportServiceCheck(expected, this.recorder.serviceChecks, this.surroundings());
  }

  /** What is still being waited for, and what came instead: a report for each wait. */
  pending(): string[] {
    return [...this.waits].map(({ report }) => report());
  }

  /** Stops listening and removes the temporary folder; open waits are rejected. A second call waits for the first. */
  close(): Promise<void> {
    for (const { end } of this.waits) end.abort('the test server was closed');
    if (this.closed === undefined) leaveRecord(this);
    this.closed ??= this.closeListeners();
    return this.closed;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  private async wait<T>(
    find: () => T | undefined,
    report: () => string,
    options: WaitOptions,
    task: unknown,
  ): Promise<T> {
    checkWaitOptions(options);
    const wait = { report, end: new AbortController() };
    const { signal = wait.end.signal } = options;
    const onArrival = (listener: () => void): (() => void) => this.recorder.onArrival(listener);
    this.waits.add(wait);
    try {
      const signals = AbortSignal.any([signal, wait.end.signal]);
      return await waitUntil({ find, report, onArrival }, { ...options, signal: signals }, task);
    } finally {
      this.waits.delete(wait);
    }
  }

  private surroundings(): Surroundings {
    const { messageCount, rejected, filteredCount, leftOut } = this.recorder;
    return { messages: messageCount, rejected, filtered: filteredCount, leftOut };
  }
}

function bracket(host: string): string {
  return host.includes(':') ? `[${host}]` : host;
}
