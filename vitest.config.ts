/**
 * Three groups of tests, together every test file: `npm test` runs them all, `npm run test:unit`, `test:e2e` and
 * `test:slow` one each.
 *
 *   unit   next to the code, and quick checks of the whole (layers, documents, conformance)
 *   e2e    real servers, real sockets, a real browser, the package as installed
 *   slow   properties over many inputs, faults, and the benchmark on small inputs
 */
import { defineConfig } from 'vitest/config';

const ALL = ['src/**/*.test.ts', 'ui/**/*.test.ts', 'test/**/*.test.ts', 'bench/**/*.test.ts'];
const E2E = ['test/e2e/**/*.test.ts', 'test/browser/**/*.test.ts', 'test/package/**/*.test.ts'];
/** Those that take more than about ten seconds or measure time, wherever they are. */
const SLOW = [
  'bench/**/*.test.ts',
  'src/core/hash.test.ts',
  'src/enrich/mapper/mapper-cost.test.ts',
  // Thousands of writes to a real disk.
  'src/global/edge/edge-sender.property.test.ts',
  'src/http/slow-clients.test.ts',
  'test/*.property.test.ts',
  'test/differential*.test.ts',
  'test/faults/**/*.test.ts',
  'test/limits.test.ts',
  'test/losses.test.ts',
];
const NEVER = ['**/node_modules/**', '**/dist/**'];

/**
 * Tests end by events; the time they are given is for a machine with much else to do. Two files at a time: most of a test's time is waiting for sockets, processes and ends of buckets. Properties and
 * faults, which keep a processor busy or measure, run alone, after the others.
 */
const shared = {
  testTimeout: 300_000,
  hookTimeout: 300_000,
  setupFiles: ['test/support/property-seed.ts'],
  // Of its own accord expect.poll() gives up after one second.
  expect: { poll: { timeout: 60_000, interval: 20 } },
};
/**
 * Files of unit tests share the modules of their process: loading them for each of 280 files took three quarters of the
 * time. A test that changes something of the process, such as a variable or a clock, puts it back.
 */
const sharing = { isolate: false };
const inPairs = { maxWorkers: 2, sequence: { groupOrder: 0 } };
const alone = { maxWorkers: 1, sequence: { groupOrder: 1 } };

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          ...shared,
          ...inPairs,
          ...sharing,
          name: 'unit',
          include: ALL,
          exclude: [...NEVER, ...E2E, ...SLOW],
        },
      },
      { test: { ...shared, ...inPairs, name: 'e2e', include: E2E } },
      { test: { ...shared, ...alone, name: 'slow', include: SLOW } },
    ],
  },
});
