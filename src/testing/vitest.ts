/** `import 'whippet/testing/vitest'` in a test or a set-up file gives vitest's expect the matchers. */
import { expect } from 'vitest';
import type {
  EventExpectation,
  MetricExpectation,
  ServiceCheckExpectation,
  TextPattern,
} from './test-server/expectation.ts';
import { matchers } from './test-server/matchers.ts';
import type { WaitOptions } from './test-server/test-server.ts';

expect.extend(matchers);

declare module 'vitest' {
  // The parameter has to have this name and default to extend vitest's own.
  // biome-ignore lint/suspicious/noExplicitAny: as vitest declares it
  interface Matchers<T = any> {
    toHaveReceivedMetric(name: TextPattern, details?: Omit<MetricExpectation, 'name'>): T;
    toReceiveMetric(
      name: TextPattern,
      details?: Omit<MetricExpectation, 'name'>,
      options?: WaitOptions,
    ): Promise<T>;
    toHaveReceivedEvent(expected: EventExpectation): T;
    toHaveReceivedServiceCheck(expected: ServiceCheckExpectation): T;
    toHaveRejectedNothing(): T;
  }
}
