/** Long lists, right and wrong, in processor time: the clock of a busy machine says nothing. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { ConfigError } from './config-error.ts';
import { loadConfig } from './load.ts';

const ENTRIES = 300_000;

function processorMs(work: () => unknown): number {
  const before = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
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

const many = (text: (index: number) => string) => Array.from({ length: ENTRIES }, (_, index) => text(index));

describe(`a list of ${ENTRIES} entries is read in less than a second`, () => {
  test('from a file', () => {
    withFile(['metric_filterlist:', ...many((i) => `  - metric.number.${i}`)], (file) => {
      let length = 0;
      expect(
        processorMs(() => {
          length = loadConfig({ file }).config.metric_filterlist.length;
        }),
      ).toBeLessThan(1000);
      expect(length).toBe(ENTRIES);
    });
  });
  test('from a variable', () => {
    const DD_DOGSTATSD_TAGS = many((i) => `tag:${i}`).join(' ');
    expect(processorMs(() => loadConfig({ env: { DD_DOGSTATSD_TAGS } }))).toBeLessThan(1000);
  });
  test('when every entry is wrong', () => {
    withFile(['dogstatsd_tags:', ...many((i) => `  - {key: ${i}}`)], (file) => {
      expect(processorMs(() => expect(() => loadConfig({ file })).toThrow(ConfigError))).toBeLessThan(1500);
    });
    const rules = Array.from({ length: ENTRIES }, () => ({ mach: 'a' }));
    expect(
      processorMs(() => expect(() => loadConfig({ values: { rules } })).toThrow('did you mean match?')),
    ).toBeLessThan(1000);
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
