import { defineConfig } from 'vitest/config';

/** The helpers of testkits/ with their real clients and runners, and the kit under jest and older vitests: npm run test:testkits. */
export default defineConfig({
  test: {
    include: ['test/testkits/**/*.kit.ts'],
    testTimeout: 600_000,
    hookTimeout: 600_000,
    fileParallelism: false,
  },
});
