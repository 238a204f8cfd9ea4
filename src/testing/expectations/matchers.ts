/**
 * Matchers for vitest and jest: `expect.extend(matchers)`, and plain assertions for every other runner.
 *
 *   expect(dsd).toHaveReceivedMetric('checkout.paid', { tags: ['env:test'], value: 3 });     now
 *   await expect(dsd).toReceiveMetric('checkout.paid', { value: 3 }, { timeoutMs: 2000 });   soon
 *   expect(dsd).toHaveReceivedOnly(['checkout.paid', { name: 'checkout.time', samples: 1 }]);
 *   assertReceivedMetric(dsd, 'checkout.paid', { value: 3 });                                node:test and others
 *
 * An expectation that makes no sense is a TypeError, also after `.not`.
 */

import type { TestServer } from '../test-server/test-server.ts';
import { ExpectationError, type WaitOptions } from '../test-server/wait.ts';
import { withName } from './check-expectation.ts';
import {
  describeExpectation,
  type EventExpectation,
  type MetricExpectation,
  type ServiceCheckExpectation,
} from './expectation.ts';
import { type OnlyOthers, onlyDifferences, receivedLines } from './only.ts';
import { showExpected, type TextPattern } from './patterns.ts';

export interface MatcherResult {
  readonly pass: boolean;
  readonly message: () => string;
}

/** What a runner calls a matcher with; vitest says which test it is. */
interface MatcherContext {
  readonly task?: unknown;
}

export type MetricDetails = Omit<MetricExpectation, 'name'>;

export const matchers = {
  toHaveReceivedMetric(server: TestServer, name: TextPattern, details: MetricDetails = {}): MatcherResult {
    checkServer(server);
    const expected = withName(name, details);
    return result(
      server.metric(expected) !== undefined,
      () => server.explainMissing(expected),
      `expected not to have received metric ${describeExpectation(expected)}`,
    );
  },

  async toReceiveMetric(
    this: MatcherContext | undefined,
    server: TestServer,
    name: TextPattern,
    details: MetricDetails = {},
    options: WaitOptions = {},
  ): Promise<MatcherResult> {
    checkServer(server);
    const expected = withName(name, details);
    return settle(
      server.waitFor(expected, options, taskOf(this)),
      `expected not to receive metric ${describeExpectation(expected)}`,
    );
  },

  toHaveReceivedEvent(server: TestServer, expected: EventExpectation): MatcherResult {
    checkServer(server);
    return result(
      server.event(expected) !== undefined,
      () => server.explainMissingEvent(expected),
      `expected not to have received an event: ${describeExpectation(expected)}`,
    );
  },

  async toReceiveEvent(
    this: MatcherContext | undefined,
    server: TestServer,
    expected: EventExpectation,
    options: WaitOptions = {},
  ): Promise<MatcherResult> {
    checkServer(server);
    return settle(
      server.waitForEvent(expected, options, taskOf(this)),
      `expected not to receive an event: ${describeExpectation(expected)}`,
    );
  },

  toHaveReceivedServiceCheck(server: TestServer, expected: ServiceCheckExpectation): MatcherResult {
    checkServer(server);
    return result(
      server.serviceCheck(expected) !== undefined,
      () => server.explainMissingServiceCheck(expected),
      `expected not to have received service check ${describeExpectation(expected)}`,
    );
  },

  async toReceiveServiceCheck(
    this: MatcherContext | undefined,
    server: TestServer,
    expected: ServiceCheckExpectation,
    options: WaitOptions = {},
  ): Promise<MatcherResult> {
    checkServer(server);
    return settle(
      server.waitForServiceCheck(expected, options, taskOf(this)),
      `expected not to receive service check ${describeExpectation(expected)}`,
    );
  },

  /** The metrics named, and nothing else: no other metric, event, service check or rejected line. */
  toHaveReceivedOnly(
    server: TestServer,
    metrics: readonly (TextPattern | MetricExpectation)[],
    others: OnlyOthers = {},
  ): MatcherResult {
    checkServer(server);
    const differences = onlyDifferences(server, metrics, others);
    return result(
      differences.length === 0,
      () => `expected to have received only what is named\n\n${differences.join('\n')}`,
      'expected to have received something else as well',
    );
  },

  /** No line of any kind, by now. */
  toHaveReceivedNothing(server: TestServer, ...more: unknown[]): MatcherResult {
    checkServer(server);
    refuseArguments('toHaveReceivedNothing', more);
    const lines = receivedLines(server);
    return result(
      lines.length === 0,
      () => `expected to have received nothing\n\nreceived:\n${lines.join('\n')}`,
      'expected to have received something',
    );
  },

  toHaveRejectedNothing(server: TestServer, ...more: unknown[]): MatcherResult {
    checkServer(server);
    refuseArguments('toHaveRejectedNothing', more);
    const lines = server.rejected().map(({ line, reason, at }) => `  ${line}  ${reason}, at byte ${at}`);
    return result(
      lines.length === 0,
      () => `expected no line to be rejected\n\n${lines.join('\n')}`,
      'expected some line to be rejected',
    );
  },
};

/** Throws ExpectationError when the metric was not received, TypeError when the expectation makes no sense. */
export function assertReceivedMetric(
  server: TestServer,
  name: TextPattern,
  details: MetricDetails = {},
): void {
  check(matchers.toHaveReceivedMetric(server, name, details));
}

/** Throws ExpectationError when no such event was received, TypeError when the expectation makes no sense. */
export function assertReceivedEvent(server: TestServer, expected: EventExpectation): void {
  check(matchers.toHaveReceivedEvent(server, expected));
}

/** Throws ExpectationError when no such service check was received, TypeError when the expectation makes no sense. */
export function assertReceivedServiceCheck(server: TestServer, expected: ServiceCheckExpectation): void {
  check(matchers.toHaveReceivedServiceCheck(server, expected));
}

/** Throws ExpectationError when a metric named is missing, or anything else was received. */
export function assertReceivedOnly(
  server: TestServer,
  metrics: readonly (TextPattern | MetricExpectation)[],
  others: OnlyOthers = {},
): void {
  check(matchers.toHaveReceivedOnly(server, metrics, others));
}

/** Throws ExpectationError when any line was received. */
export function assertReceivedNothing(server: TestServer): void {
  check(matchers.toHaveReceivedNothing(server));
}

/** Throws ExpectationError when a line was rejected. */
export function assertRejectedNothing(server: TestServer): void {
  check(matchers.toHaveRejectedNothing(server));
}

function check({ pass, message }: MatcherResult): void {
  if (!pass) throw new ExpectationError(message());
}

function result(pass: boolean, missing: () => string, notExpected: string): MatcherResult {
  return { pass, message: () => (pass ? notExpected : missing()) };
}

/** A wait that ended without what it waited for is a failed match; every other error is thrown. */
async function settle(waiting: Promise<unknown>, notExpected: string): Promise<MatcherResult> {
  try {
    await waiting;
  } catch (error) {
    if (!(error instanceof ExpectationError)) throw error;
    return { pass: false, message: () => error.message };
  }
  return { pass: true, message: () => notExpected };
}

/** The package may be loaded twice, as ES module and as CommonJS, so the class is no help. */
function checkServer(server: unknown): void {
  const isServer =
    typeof server === 'object' && server !== null && 'metrics' in server && 'waitForExpectation' in server;
  if (isServer) return;
  const hint = server instanceof Promise ? '; await startTestServer() first' : '';
  throw new TypeError(`expect() was given ${describe(server)}, not a test server${hint}`);
}

function refuseArguments(name: string, more: readonly unknown[]): void {
  if (more.length > 0) throw new TypeError(`${name}() takes nothing; it was given ${showExpected(more[0])}`);
}

function describe(value: unknown): string {
  if (value === undefined || value === null) return String(value);
  return value instanceof Promise ? 'a promise' : `a ${typeof value}`;
}

function taskOf(context: MatcherContext | undefined): unknown {
  return typeof context === 'object' ? context.task : undefined;
}
