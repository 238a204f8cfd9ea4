import { expect, it } from 'vitest';
import { alignColumns, formatRows, formatScenario } from './report.ts';
import type { Row } from './rows.ts';

const row: Row = {
  shape: 'tiny',
  transport: 'udp',
  mibPerSecond: 9.84,
  samplesPerSecond: 366_408.3,
  packetsPerSecond: 366_408.3,
  cpuMsPerMib: 86.654,
  rssMib: 55,
  rssPeakMib: 56,
  loss: 0.00001,
  differences: ['sum of counters: sent 10, reported 9'],
  limit: 400_000,
  limitUnit: 'packets/s',
  ratio: 0.916,
  target: 0.9,
  pass: false,
  saturated: { limit: 400_000, server: 366_000 },
};

it('prints a row with its notes', () => {
  const [header, line, ...notes] = formatRows([row]).split('\n');
  expect(header).toMatch(/^shape\s+transport\s+MiB\/s/);
  expect(line?.split(/\s{2,}/)).toEqual([
    ...['tiny', 'udp', '9.8', '366,408', '366,408', '86.65', '55', '56', '<0.01%'],
    ...['400,000 packets/s', '0.92', '>= 0.90', 'FAIL'],
  ]);
  expect(notes).toEqual([
    '  tiny/udp: sum of counters: sent 10, reported 9',
    "  tiny/udp: at the sender's fastest 366,000 packets/s came through, L0 400,000",
    '',
  ]);
});

it('prints a scenario with its differences', () => {
  const scenario = { name: 'burst', figures: { loss: 0.5, rssPeakMib: 70 }, differences: ['x'], pass: false };
  expect(formatScenario(scenario)).toBe('burst: loss 50.00%, rssPeakMib 70: FAIL\n  x\n');
  const looking = { name: 'looking', figures: { speedShare: 0.9712 }, differences: [], pass: true };
  expect(formatScenario(looking)).toBe('looking: speedShare 0.971: pass\n');
  const capture = { ...looking, name: 'capture', figures: { ringRatio: 0.9663 } };
  expect(formatScenario(capture)).toBe('capture: ringRatio 0.966: pass\n');
});

it('aligns text to the left and numbers to the right', () => {
  expect(
    alignColumns([
      ['a', 'number'],
      ['bc', '1'],
    ]),
  ).toBe('a   number\nbc       1\n');
});
