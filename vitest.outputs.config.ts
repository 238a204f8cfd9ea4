import { defineConfig } from 'vitest/config';

/** Tests that send to real receivers: npm run test:outputs. scripts/receivers.sh gets them. */
export default defineConfig({
  test: {
    include: ['test/outputs/**/*.real.ts'],
    testTimeout: 120_000,
    hookTimeout: 60_000,
    fileParallelism: false,
  },
});
