import { defineConfig } from 'vitest/config';

/** What users install, installed: npm run test:package (npm, on every supported Node.js), npm run test:debian, test:container, test:single-file,
 * test:kubernetes and test:site. */
export default defineConfig({
  test: {
    include: ['test/package/**/*.install.ts'],
    testTimeout: 900_000,
    hookTimeout: 900_000,
    fileParallelism: false,
  },
});
