import { defineConfig } from 'vitest/config';

/** `npm run test:page`: the live page under 100,000 contexts. Minutes, and figures that a busy machine spoils. */
export default defineConfig({
  test: {
    include: ['test/browser/**/*.slow.ts'],
    testTimeout: 1_200_000,
    hookTimeout: 120_000,
    fileParallelism: false,
  },
});
