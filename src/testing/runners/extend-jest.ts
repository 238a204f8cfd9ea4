/** Gives jest's expect the matchers and the snapshot serializer. */
import { matchers } from '../expectations/matchers.ts';
import { snapshotSerializer } from '../expectations/snapshot-serializer.ts';

interface Expect {
  extend(matchers: object): void;
  addSnapshotSerializer(serializer: object): void;
}

/** Throws when this is not a test file, or a set-up file, of jest. */
export function extendJest(): void {
  const { expect } = globalThis as { expect?: Partial<Expect> };
  if (expect?.extend === undefined || expect.addSnapshotSerializer === undefined) {
    throw new Error(
      "there is no global expect: list whippet/testing/jest in jest's setupFilesAfterEnv; with injectGlobals: false, " +
        "write expect.extend(matchers) with matchers from 'whippet/testing'",
    );
  }
  expect.extend(matchers);
  expect.addSnapshotSerializer(snapshotSerializer);
}
