/**
 * `import 'whippet/testing/vitest'` in a test or a set-up file gives vitest's expect the matchers, with types, and
 * test servers a readable form in snapshots.
 *
 * vitest 2 and 3.0 take the types of matchers from `Assertion`, later versions from `Matchers` too.
 */
import { expect } from 'vitest';
import type { TestServerMatchers } from './expectations/matcher-types.ts';
import { matchers } from './expectations/matchers.ts';
import { snapshotSerializer } from './expectations/snapshot-serializer.ts';

expect.extend(matchers);
expect.addSnapshotSerializer(snapshotSerializer);

declare module 'vitest' {
  // The parameter has to have this name and default to extend vitest's own.
  // biome-ignore lint/suspicious/noExplicitAny: as vitest declares it
  interface Assertion<T = any> extends TestServerMatchers {}
}
