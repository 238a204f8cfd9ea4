import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { makeLogger } from './logger.ts';
import { TroubleLog } from './trouble-log.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

it('tells when trouble begins and when it is over, with fields, once each', () => {
  const lines: object[] = [];
  const log = makeLogger('info', { write: (line: string) => lines.push(JSON.parse(line) as object) });
  let leaks = 2;
  let fires = 0;
  const troubles = new TroubleLog(log, [
    { text: 'it leaks', count: () => leaks, fields: () => ({ where: 'roof' }) },
    { text: 'it burns', count: () => fires },
  ]);
  troubles.start();
  vi.advanceTimersByTime(5000);
  expect(lines).toEqual([]);
  leaks += 3;
  vi.advanceTimersByTime(1000);
  leaks += 4;
  vi.advanceTimersByTime(20_000);
  fires++;
  troubles.stop();
  vi.advanceTimersByTime(20_000);
  expect(lines).toMatchObject([
    { level: 40, msg: 'it leaks', where: 'roof' },
    { level: 40, msg: 'over: it leaks', times: 7, seconds: 1 },
    { level: 40, msg: 'it burns' },
    { level: 40, msg: 'over: it burns', times: 1, seconds: 0 },
  ]);
});
