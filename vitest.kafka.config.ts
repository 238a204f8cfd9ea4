import { defineConfig } from 'vitest/config';

/** Tests that start a real Kafka: npm run test:kafka. */
export default defineConfig({
  test: {
    include: ['test/kafka/**/*.kafka.ts'],
    testTimeout: 600_000,
    hookTimeout: 400_000,
    fileParallelism: false,
  },
});
