/** Long lists, right and wrong: how their cost grows, because a slow machine says nothing else. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { processorMs } from '../../test/support/processor-time.ts';
import { ConfigError } from './config-error.ts';
import { loadConfig } from './load.ts';

const FEW = 10_000;
const MANY = 300_000;
/** Of 30 times as many entries; what looks at each for each takes 900 times as long. */
const GROWTH_MAX = 120;

/** Expects that reading a list does not take longer the longer it is, for each entry. */
function expectLinear(read: (entries: number) => () => void): void {
  const few = read(FEW);
  few();
  const fewMs = Math.min(processorMs(few), processorMs(few), processorMs(few));
  expect(processorMs(read(MANY)) / fewMs).toBeLessThan(GROWTH_MAX);
}

const withFile = (lines: string[], use: (file: string) => unknown) => {
  const folder = mkdtempSync(join(tmpdir(), 'whippet-config-'));
  try {
    writeFileSync(join(folder, 'x.yaml'), lines.join('\n'));
    return use(join(folder, 'x.yaml'));
  } finally {
    rmSync(folder, { recursive: true });
  }
};

const list = (entries: number, text: (index: number) => string) =>
  Array.from({ length: entries }, (_, index) => text(index));

describe('a long list takes as long for each entry as a short one', () => {
  test('from a file', () => {
    expectLinear((entries) => () => {
      withFile(['metric_filterlist:', ...list(entries, (i) => `  - metric.number.${i}`)], (file) => {
        expect(loadConfig({ file }).config.metric_filterlist.length).toBe(entries);
      });
    });
  });
  test('from a variable', () => {
    expectLinear((entries) => () => {
      const DD_DOGSTATSD_TAGS = list(entries, (i) => `tag:${i}`).join(' ');
      expect(loadConfig({ env: { DD_DOGSTATSD_TAGS } }).config.dogstatsd_tags.length).toBe(entries);
    });
  });
  test('when every entry is wrong', () => {
    expectLinear((entries) => () => {
      withFile(['dogstatsd_tags:', ...list(entries, (i) => `  - {key: ${i}}`)], (file) =>
        expect(() => loadConfig({ file })).toThrow(ConfigError),
      );
    });
    expectLinear((entries) => () => {
      const rules = Array.from({ length: entries }, () => ({ mach: 'a' }));
      expect(() => loadConfig({ values: { rules } })).toThrow('did you mean match?');
    });
  });
});

test('of many mistakes in a list the first ten are reported, with their places', () => {
  try {
    loadConfig({ values: { rules: Array.from({ length: 50 }, () => ({ mach: 'a' })) } });
    expect.unreachable();
  } catch (error) {
    const { problems } = error as ConfigError;
    expect(problems).toHaveLength(10);
    expect(problems[9]?.message).toBe(
      'rules (given values): entry 10: mach is not a known field; did you mean match?',
    );
  }
});
