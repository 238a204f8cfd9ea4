import { defineConfig } from 'vitest/config';

/** Tests with a real Docker daemon: npm run test:docker, as root. scripts/docker.sh gets it. */
export default defineConfig({
  test: {
    include: ['test/docker/**/*.docker.ts'],
    testTimeout: 600_000,
    hookTimeout: 120_000,
    fileParallelism: false,
  },
});
