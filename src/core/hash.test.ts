/** What identifies a line is hashed; different lines must not meet. */
import { describe, expect, it } from 'vitest';
import { CoreHarness } from '../../test/support/core-harness.ts';

describe('hashes of lines', () => {
  it('tell lines apart whose parts only shift', () => {
    const lines = [
      'ab:1|c|#c',
      'a:1|c|#bc',
      'abc:1|c',
      'abc:1|c|#',
      'a:1|c|#b,c',
      'a:1|c|#bc,',
      'a:1|c|#,bc',
      'a:1|c|#b|#c',
      'a:1|g|#b,c',
      'a:1|h|#b,c',
      'a:1|d|#b,c',
      'a:1|s|#b,c',
      'a\0:1|c',
      'a\0\0:1|c',
      `${'a'.repeat(16)}:1|c`,
      `${'a'.repeat(17)}:1|c`,
      `${'a'.repeat(32)}:1|c`,
    ];
    const expected = lines.map((line) => {
      const alone = new CoreHarness();
      alone.ingest(line);
      return [...alone.gather().cells.keys()][0];
    });
    const together = new CoreHarness();
    for (let round = 0; round < 3; round++) for (const line of lines) together.ingest(line);
    const counts = new Map<string | undefined, number>();
    for (const key of expected) counts.set(key, (counts.get(key) ?? 0) + 3);
    const { cells } = together.gather();
    expect(new Set(cells.keys())).toEqual(new Set(counts.keys()));
    for (const [key, { sum }] of cells)
      if (key.startsWith('counter')) expect({ key, sum }).toEqual({ key, sum: counts.get(key) });
  });

  it('take tags in another order, or repeated, for the same', () => {
    const harness = new CoreHarness();
    for (const tags of ['a,b,c', 'c,b,a', 'b,b,a,c', 'a,c,b,a,c', 'c,a,b']) harness.ingest(`n:1|c|#${tags}`);
    const { cells } = harness.gather();
    expect([...cells.values()]).toMatchObject([{ sum: 5 }]);
    expect(harness.count('lineMisses')).toBe(1);
    expect(harness.count('tagSetHits')).toBe(4);
  });

  it('end tags where they end, at every length and place', () => {
    const harness = new CoreHarness();
    const lengths = Array.from({ length: 100 }, (_, i) => i + 1);
    for (const length of lengths) {
      const long = 'x'.repeat(length);
      // What follows a tag must not count for it: the same tags stand before others, and at the end of the packet.
      const orders = [`#${long},b,c`, `#c,${long},b`, `#c,b,${long}`, `#b,${long},${long},c`];
      for (const tags of orders) harness.ingest(`n:1|c|${tags}`);
      for (const tags of orders) harness.ingest(`n:1|c|${tags}|c:ci-1\nother:1|g`);
      // Tags that differ in their last byte, or in one byte more, are others.
      harness.ingest(`n:1|c|#b,c,${long.slice(1)}y`);
    }
    const sums = [...harness.gather().cells]
      .filter(([key]) => key.startsWith('counter'))
      .map(([, { sum }]) => sum);
    // Of 100 contexts with y one is of a single y, and none is one of the others.
    expect(sums.filter((sum) => sum === 8).length).toBe(100);
    expect(sums.filter((sum) => sum === 1).length).toBe(100);
    expect(sums.length).toBe(200);
    expect(harness.count('tagSetHits')).toBeGreaterThan(300);
  });

  it('of a million different lines do not meet', { timeout: 180_000 }, () => {
    const count = 1_000_000;
    const harness = new CoreHarness({ core: { linesMax: count, contextsMax: count, idleBuckets: 100 } });
    // Texts are not compared here, so they need not be kept.
    harness.contexts.set = () => harness.contexts;
    for (let at = 0; at < count; at += 1000) {
      const lines = Array.from({ length: 1000 }, (_, i) => `m${(at + i) % 7}:1|c|#id:${at + i}`);
      harness.ingest(lines.join('\n'));
    }
    expect(harness.count('lineMisses')).toBe(count);
    expect(harness.count('contextSlots')).toBe(count);
    // And each finds its own entry again.
    for (let at = 0; at < count; at += 1000) {
      const lines = Array.from({ length: 1000 }, (_, i) => `m${(at + i) % 7}:${at + i}|c|#id:${at + i}`);
      harness.ingest(lines.join('\n'));
    }
    expect(harness.count('lineMisses')).toBe(count);
    const sealed = harness.seal(10);
    let seen = 0;
    let wrong = 0;
    for (const slot of sealed.slots) {
      // Slots are given in order: slot i is line i, which got 1 and i.
      if (sealed.sum(slot) !== slot + 1) wrong++;
      seen++;
    }
    expect({ seen, wrong }).toEqual({ seen: count, wrong: 0 });
  });
});
