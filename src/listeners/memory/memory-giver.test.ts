/** Memory of a core that goes back to the system, with real system calls. */
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { CoreHarness } from '../../../test/support/core-harness.ts';
import { loadLibc } from '../system/libc.ts';
import { memoryGiver } from './memory-giver.ts';

const NOTHING = (): undefined => undefined;
const MIB = 1 << 20;

function residentMib(): number {
  return Number(/VmRSS:\s+(\d+)/.exec(readFileSync('/proc/self/status', 'utf8'))?.[1]) / 1024;
}

function ingestMany(harness: CoreHarness, count: number, round: number): void {
  for (let at = 0; at < count; at += 1000) {
    harness.ingest(Array.from({ length: 1000 }, (_, i) => `give:1|c|#id:${round}-${at + i}`).join('\n'));
  }
}

const canRun = process.platform === 'linux';

it.runIf(canRun)('gives back what a burst of contexts needed, and the tables are sound afterwards', () => {
  const harness = new CoreHarness({ core: { idleBuckets: 2, contextsMax: 1_000_000, linesMax: 1_000_000 } });
  const give = memoryGiver(harness.core, loadLibc(), NOTHING);
  ingestMany(harness, 200_000, 1);
  const during = residentMib();
  let given = 0;
  for (let at = 10; at <= 80; at += 10) {
    harness.seal(at);
    given += give();
  }
  expect(harness.count('contextSlots')).toBe(0);
  expect(given).toBeGreaterThan(40 * MIB);
  expect(residentMib()).toBeLessThan(during - 25);
  harness.contexts.clear();
  ingestMany(harness, 100_000, 2);
  ingestMany(harness, 100_000, 2);
  const sealed = harness.seal(90);
  expect(sealed.slots.length).toBe(100_000);
  expect([...sealed.slots].every((slot) => sealed.sum(slot) === 2)).toBe(true);
});

it.runIf(canRun)('gives back a backlog that is empty', () => {
  const harness = new CoreHarness();
  const bytes = 4 * MIB;
  const region = harness.core.takeRegion(bytes);
  harness.core.bytes.fill(1, region, region + bytes);
  const give = memoryGiver(harness.core, loadLibc(), () => ({ ptr: region, bytes }));
  expect(give()).toBeGreaterThan(3 * MIB);
  expect(harness.core.bytes.subarray(region, region + bytes).includes(0)).toBe(true);
});

it('gives nothing back without system calls, or where pages do not become zero', () => {
  const harness = new CoreHarness();
  expect(memoryGiver(harness.core, undefined, NOTHING)()).toBe(0);
  const pretends = { address: () => 0, dropPages: () => 0 } as unknown as ReturnType<typeof loadLibc>;
  expect(memoryGiver(harness.core, pretends, NOTHING)()).toBe(0);
});

it('gives back whole pages of a system with large ones, and clears what is left', () => {
  const harness = new CoreHarness();
  const page = 65_536;
  const given: number[] = [];
  /** What madvise() does where pages have 64 KiB: it refuses other places, and rounds lengths up. */
  const dropPages = (at: number, bytes: number): number => {
    if (at % page !== 0) return -1;
    const whole = Math.ceil(bytes / page) * page;
    harness.core.bytes.fill(0, at, at + whole);
    given.push(bytes);
    return 0;
  };
  const libc = { address: () => 0, dropPages } as unknown as ReturnType<typeof loadLibc>;
  const region = harness.core.takeRegion(8 * page);
  const ptr = Math.ceil(region / page) * page + 4096;
  const bytes = 3 * page;
  const give = memoryGiver(harness.core, libc, () => ({ ptr, bytes }));
  given.length = 0;
  const memory = harness.core.bytes;
  memory.fill(1, ptr - 10, ptr + bytes + 10);
  expect(give()).toBe(2 * page);
  expect(given).toEqual([2 * page]);
  expect(memory.subarray(ptr, ptr + bytes).every((byte) => byte === 0)).toBe(true);
  expect(memory.subarray(ptr - 10, ptr).every((byte) => byte === 1)).toBe(true);
  expect(memory.subarray(ptr + bytes, ptr + bytes + 10).every((byte) => byte === 1)).toBe(true);
});
