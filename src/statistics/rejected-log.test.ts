import { expect, test } from 'vitest';
import { RejectedLog } from './rejected-log.ts';

const sampleOf = (line: string, seenAt: number) => ({ line, at: 0, listener: 'udp', seenAt });

test('counts are those of the threads, rates their growth, lines the last 64', () => {
  const log = new RejectedLog();
  log.count('metric:value', 10, 1000);
  log.count('metric:type', 0, 1000);
  log.count('metric:value', 30, 1001);
  for (let i = 0; i < 70; i++) log.addLine('metric:value', sampleOf(`line ${i}`, 1001));
  const [row, ...others] = log.rows(1001, 0, 64);
  expect(others).toEqual([]);
  expect(row).toMatchObject({ reason: 'metric:value', count: 30, firstSeen: 1000, lastSeen: 1001 });
  expect(row?.perSecond).toBeCloseTo(3, 1);
  expect(row?.lines).toHaveLength(64);
  expect(row?.lines[0]?.line).toBe('line 69');
  expect(row?.lines.at(-1)?.line).toBe('line 6');
});

test('a reason that was not met lately is left out', () => {
  const log = new RejectedLog();
  log.count('metric:value', 10, 1000);
  expect(log.rows(2000, 1400, 1)).toEqual([]);
  expect(log.rows(2000, 900, 1)).toHaveLength(1);
});
