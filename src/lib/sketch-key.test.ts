import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { fromSketchKey, toSketchKey } from './sketch-key.ts';

interface VectorCase {
  id: string;
  kind: string;
  values: number[];
  keys: number[];
}
const vectors = JSON.parse(
  readFileSync(new URL('../../test/conformance/sketch.json', import.meta.url), 'utf8'),
) as { cases: VectorCase[] };
const ofKind = (kind: string) => vectors.cases.filter((one) => one.kind === kind);

describe('sketch keys', () => {
  test.each(ofKind('key').map((one) => [one.id, one] as const))('%s: values get their keys', (_, one) => {
    // `+ 0` because a negative value below the smallest magnitude has key -0.
    expect(one.values.map((value) => toSketchKey(value) + 0)).toEqual(one.keys);
  });

  test.each(
    ofKind('value_of_key').map((one) => [one.id, one] as const),
  )('%s: keys get their values', (_, one) => {
    one.keys.forEach((key, index) => {
      const want = Number(one.values[index]);
      expect(Math.abs(fromSketchKey(key) - want)).toBeLessThanOrEqual(1e-9 * Math.abs(want));
    });
  });

  test('a key survives the way to its value and back', () => {
    for (let key = -32766; key <= 32766; key += 7) expect(toSketchKey(fromSketchKey(key))).toBe(key);
  });

  test('NaN is counted as zero and infinity saturates', () => {
    expect(toSketchKey(Number.NaN)).toBe(0);
    expect(toSketchKey(Number.POSITIVE_INFINITY)).toBe(32767);
    expect(fromSketchKey(-32767)).toBe(Number.NEGATIVE_INFINITY);
  });
});
