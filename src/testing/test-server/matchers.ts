/**
 * Matchers for vitest and jest: `expect.extend(matchers)`, and plain assertions for every other runner.
 *
 *   expect(dsd).toHaveReceivedMetric('checkout.paid', { tags: ['env:test'], value: 3 });     now
 *   await expect(dsd).toReceiveMetric('checkout.paid', { value: 3 }, { timeoutMs: 2000 });   soon
 *   assertReceivedMetric(dsd, 'checkout.paid', { value: 3 });                                node:test and others
 */
import {
  describeExpectation,
  type EventExpectation,
  eventDifferences,
  type MetricExpectation,
  type ServiceCheckExpectation,
  serviceCheckDifferences,
  type TextPattern,
} from './expectation.ts';
import { ExpectationError, type TestServer, type WaitOptions } from './test-server.ts';

interface MatcherResult {
  readonly pass: boolean;
  readonly message: () => string;
}

type MetricDetails = Omit<MetricExpectation, 'name'>;

export const matchers = {
  toHaveReceivedMetric(server: TestServer, name: TextPattern, details: MetricDetails = {}): MatcherResult {
    const expected = { name, ...details };
    const found = server.metric(expected);
    return {
      pass: found !== undefined,
      message: () =>
        found === undefined
          ? server.explainMissing(expected)
          : `expected not to have received metric ${describeExpectation(expected)}`,
    };
  },

  async toReceiveMetric(
    server: TestServer,
    name: TextPattern,
    details: MetricDetails = {},
    options: WaitOptions = {},
  ): Promise<MatcherResult> {
    const expected = { name, ...details };
    return settle(
      server.waitFor(expected, options),
      `expected not to receive metric ${describeExpectation(expected)}`,
    );
  },

  toHaveReceivedEvent(server: TestServer, expected: EventExpectation): MatcherResult {
    const found = server.events().find((event) => eventDifferences(event, expected).length === 0);
    return verdict(found !== undefined, `event: ${describeExpectation(expected)}`, () =>
      server.events().map(({ title, text, tags }) => `${title}  ${text}  ${tags.join(',')}`),
    );
  },

  toHaveReceivedServiceCheck(server: TestServer, expected: ServiceCheckExpectation): MatcherResult {
    const found = server
      .serviceChecks()
      .find((check) => serviceCheckDifferences(check, expected).length === 0);
    return verdict(found !== undefined, `service check ${describeExpectation(expected)}`, () =>
      server.serviceChecks().map(({ name, status, tags }) => `${name}  status ${status}  ${tags.join(',')}`),
    );
  },

  toHaveRejectedNothing(server: TestServer): MatcherResult {
    const rejected = server.rejected();
    return {
      pass: rejected.length === 0,
      message: () =>
        rejected.length === 0
          ? 'expected some line to be rejected'
          : `expected no line to be rejected\n\n${rejected.map(({ line, reason }) => `  ${line}  ${reason}`).join('\n')}`,
    };
  },
};

/** Throws ExpectationError when the metric was not received. */
export function assertReceivedMetric(
  server: TestServer,
  name: TextPattern,
  details: MetricDetails = {},
): void {
  const result = matchers.toHaveReceivedMetric(server, name, details);
  if (!result.pass) throw new ExpectationError(result.message());
}

/** Throws ExpectationError when a line was rejected. */
export function assertRejectedNothing(server: TestServer): void {
  const result = matchers.toHaveRejectedNothing(server);
  if (!result.pass) throw new ExpectationError(result.message());
}

async function settle(waiting: Promise<unknown>, notExpected: string): Promise<MatcherResult> {
  try {
    await waiting;
    return { pass: true, message: () => notExpected };
  } catch (error) {
    return { pass: false, message: () => (error as Error).message };
  }
}

function verdict(pass: boolean, what: string, received: () => string[]): MatcherResult {
  return {
    pass,
    message: () => {
      if (pass) return `expected not to have received ${what}`;
      const lines = received().map((line) => `  ${line}`);
      return [`expected ${what}`, '', lines.length === 0 ? 'none was received' : 'received:', ...lines].join(
        '\n',
      );
    },
  };
}
