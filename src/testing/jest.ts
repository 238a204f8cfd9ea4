/**
 * `setupFilesAfterEnv: ['whippet/testing/jest']` in jest's configuration gives its expect the matchers, with types for
 * @types/jest, and test servers a readable form in snapshots. docs/testing.md has the types for expect from @jest/globals.
 */

import type { TestServerMatchers } from './expectations/matcher-types.ts';
import { extendJest } from './runners/extend-jest.ts';

extendJest();

declare global {
  namespace jest {
    // Parameters and defaults have to be those of @types/jest.
    // biome-ignore lint/complexity/noBannedTypes: as @types/jest declares it
    interface Matchers<R, T = {}> extends TestServerMatchers<R> {}
  }
}
