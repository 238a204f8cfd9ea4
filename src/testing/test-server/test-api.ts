/**
 * What a test server can be asked over HTTP, for tests in any language.
 *
 *   GET  /api/test/metrics?name=…&tag=…      what was received and fits, with numbers
 *   GET  /api/test/wait?name=…&sum=3&timeout=10s
 *                                            200 as soon as it has arrived; 408 with a report when it has not
 *   GET  /api/test/events, service-checks, rejected, messages, snapshot
 *   POST /api/test/flush                     what a server would deliver for it, on a virtual clock
 *   POST /api/test/reset                     forgets what was received
 */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { SimulatedSeries } from '../../inspect/simulate/simulate-series.ts';
import { identityDifferences } from '../expectations/expectation.ts';
import {
  type Expectation,
  ExpectationTextError,
  parseDuration,
  parseExpectation,
} from '../expectations/expectation-text.ts';
import type {
  ReceivedEvent,
  ReceivedMessage,
  ReceivedMetric,
  ReceivedServiceCheck,
  RejectedMessage,
} from './received.ts';

const DEFAULT_TIMEOUT = '10s';
const SELECTING_KEYS = ['name', 'type', 'tag', 'exact_tags', 'host'];
const TIMEOUT_MS_MAX = 10 * 60_000;

/** A test server, as far as it is asked. */
export interface TestApiTarget {
  metrics(): readonly ReceivedMetric[];
  events(): readonly ReceivedEvent[];
  serviceChecks(): readonly ReceivedServiceCheck[];
  rejected(): readonly RejectedMessage[];
  messages(): readonly ReceivedMessage[];
  snapshot(): object;
  flush(): readonly SimulatedSeries[];
  reset(): void;
  /** Rejects, with a report as the message, when it does not arrive in time. */
  waitForExpectation(expectation: Expectation, options: { readonly timeoutMs: number }): Promise<unknown>;
}

export function addTestApi(app: FastifyInstance, target: TestApiTarget): void {
  app.setErrorHandler((error: Error & { statusCode?: number }, _, reply) => {
    const status = error instanceof ExpectationTextError ? 400 : (error.statusCode ?? 500);
    return reply.code(status).send({ error: error.message });
  });
  app.get('/api/test', () => ({
    routes: [
      'metrics',
      'wait',
      'events',
      'service-checks',
      'rejected',
      'messages',
      'snapshot',
      'flush',
      'reset',
    ].map((name) => `/api/test/${name}`),
  }));
  app.get('/api/test/metrics', (request) => ({ metrics: selectMetrics(target.metrics(), pairsOf(request)) }));
  app.get('/api/test/wait', (request, reply) => waitFor(target, request, reply));
  app.get('/api/test/events', () => ({ events: target.events() }));
  app.get('/api/test/service-checks', () => ({ serviceChecks: target.serviceChecks() }));
  app.get('/api/test/rejected', () => ({ rejected: target.rejected() }));
  app.get('/api/test/messages', () => ({ messages: target.messages() }));
  app.get('/api/test/snapshot', () => target.snapshot());
  app.post('/api/test/flush', () => ({ series: target.flush() }));
  app.post('/api/test/reset', () => {
    target.reset();
    return {};
  });
}

async function waitFor(
  target: TestApiTarget,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const pairs = pairsOf(request);
  const timeout = pairs.find(([key]) => key === 'timeout')?.[1] ?? DEFAULT_TIMEOUT;
  const timeoutMs = Math.min(parseDuration(timeout), TIMEOUT_MS_MAX);
  const expectation = parseExpectation(pairs.filter(([key]) => key !== 'timeout'));
  try {
    return reply.send({ ok: true, received: await target.waitForExpectation(expectation, { timeoutMs }) });
  } catch (error) {
    return reply.code(408).send({ ok: false, report: (error as Error).message });
  }
}

function selectMetrics(metrics: readonly ReceivedMetric[], pairs: [string, string][]): ReceivedMetric[] {
  if (pairs.length === 0) return [...metrics];
  // Without a name every name fits.
  const named = pairs.some(([key]) => key === 'name')
    ? pairs
    : [...pairs, ['name', '/^/'] as [string, string]];
  const expectation = parseExpectation(named);
  if (expectation.kind !== 'metric')
    throw new ExpectationTextError('ask for metrics by name, type, tag, exact_tags and host');
  const other = pairs.find(([key]) => !SELECTING_KEYS.includes(key));
  if (other !== undefined) {
    throw new ExpectationTextError(
      `"${other[0]}" selects no metrics; select them by ${SELECTING_KEYS.join(', ')}, or expect numbers with /api/test/wait`,
    );
  }
  return metrics.filter((metric) => identityDifferences(metric, expectation.expected).length === 0);
}

function pairsOf(request: FastifyRequest): [string, string][] {
  const [, query = ''] = request.url.split('?', 2);
  return [...new URLSearchParams(query)];
}
