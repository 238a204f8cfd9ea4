/** The matchers as `expect(dsd)` has them, for the types of vitest and jest. */
import type { WaitOptions } from '../test-server/wait.ts';
import type { EventExpectation, MetricExpectation, ServiceCheckExpectation } from './expectation.ts';
import type { OnlyOthers } from './only.ts';
import type { TextPattern } from './patterns.ts';

/** `R` is what a matcher returns: void, or a promise after `.resolves`. */
export interface TestServerMatchers<R = void> {
  /** By now, a metric that fits. */
  toHaveReceivedMetric(name: TextPattern, details?: Omit<MetricExpectation, 'name'>): R;
  /** Soon: waits for a metric that fits. */
  toReceiveMetric(
    name: TextPattern,
    details?: Omit<MetricExpectation, 'name'>,
    options?: WaitOptions,
  ): Promise<void>;
  toHaveReceivedEvent(expected: EventExpectation): R;
  toReceiveEvent(expected: EventExpectation, options?: WaitOptions): Promise<void>;
  toHaveReceivedServiceCheck(expected: ServiceCheckExpectation): R;
  toReceiveServiceCheck(expected: ServiceCheckExpectation, options?: WaitOptions): Promise<void>;
  /** The metrics named, and nothing else: no other metric, event, service check or rejected line. */
  toHaveReceivedOnly(metrics: readonly (TextPattern | MetricExpectation)[], others?: OnlyOthers): R;
  /** No line of any kind, by now. */
  toHaveReceivedNothing(): R;
  toHaveRejectedNothing(): R;
}
