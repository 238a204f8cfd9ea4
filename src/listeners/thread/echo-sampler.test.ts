import { describe, expect, it } from 'vitest';
import { EchoSampler } from './echo-sampler.ts';

function makeSampler(perSecond: number) {
  const reports: { lines: string[]; leftOut: number }[] = [];
  const sampler = new EchoSampler(perSecond, (lines, leftOut) => void reports.push({ lines, leftOut }));
  sampler.flush(0, 100);
  return { sampler, reports };
}

describe('an echo sampler', () => {
  it('shows the lines of a packet without their ends', () => {
    const { sampler, reports } = makeSampler(10);
    sampler.accept('a:1|c\nb:1|c\r\n\n');
    sampler.flush(2, 100.1);
    expect(reports).toEqual([{ lines: ['a:1|c', 'b:1|c'], leftOut: 0 }]);
  });

  it('shows no more in a second than it may, and says how many it left out', () => {
    const { sampler, reports } = makeSampler(2);
    sampler.accept('a\nb\nc\nd');
    expect(sampler.wantsMore).toBe(false);
    sampler.accept('e');
    sampler.flush(5, 100.2);
    expect(reports).toEqual([{ lines: ['a', 'b'], leftOut: 3 }]);
  });

  it('shows again in the next second', () => {
    const { sampler, reports } = makeSampler(1);
    sampler.accept('a\nb');
    sampler.flush(2, 100.2);
    sampler.flush(2, 101);
    expect(sampler.wantsMore).toBe(true);
    sampler.accept('c');
    sampler.flush(3, 101.1);
    expect(reports).toEqual([
      { lines: ['a'], leftOut: 1 },
      { lines: ['c'], leftOut: 0 },
    ]);
  });

  it('says in the next second what it left out without showing anything', () => {
    const { sampler, reports } = makeSampler(1);
    sampler.accept('a');
    sampler.flush(1, 100.1);
    sampler.flush(1000, 100.9);
    sampler.flush(1000, 101);
    expect(reports).toEqual([
      { lines: ['a'], leftOut: 0 },
      { lines: [], leftOut: 999 },
    ]);
  });

  it('is silent when nothing arrives', () => {
    const { sampler, reports } = makeSampler(5);
    for (let second = 101; second < 110; second++) sampler.flush(0, second);
    expect(reports).toEqual([]);
  });

  it('cuts long lines', () => {
    const { sampler, reports } = makeSampler(5);
    sampler.accept('x'.repeat(60_000));
    sampler.flush(1, 100.1);
    expect(reports[0]?.lines[0]).toHaveLength(512);
  });
});
