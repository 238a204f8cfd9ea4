import { afterEach, expect, it, vi } from 'vitest';
import { makeLogger } from '../telemetry/logger.ts';
import { StopPhases } from './stop-phases.ts';

const never = new Promise<void>(() => undefined);
const lines: string[] = [];
const log = makeLogger('error', { write: (text: string) => void lines.push(text) });

afterEach(() => void vi.useRealTimers());

it('ends by its deadline whatever hangs, leaves outputs their time, and names what hung', async () => {
  vi.useFakeTimers();
  const begin = performance.now();
  const phases = new StopPhases(1000, log);
  const stop = async (): Promise<void> => {
    await phases.drain('the listener threads', never);
    await phases.drain('the sockets', Promise.resolve());
    await phases.flush('the last flush', never);
    expect(phases.leftMs).toBeGreaterThan(0);
    await phases.close('the HTTP server', never);
    expect(performance.now() - begin).toBeLessThanOrEqual(1100);
  };
  await Promise.all([stop(), vi.advanceTimersByTimeAsync(10_000)]);
  expect(phases.unfinished).toEqual(['the listener threads', 'the last flush', 'the HTTP server']);
  expect(lines).toHaveLength(3);
});

it('gives the time of quick phases to the outputs', async () => {
  const phases = new StopPhases(60_000, log);
  await phases.drain('the listener threads', Promise.resolve());
  await phases.flush('the last flush', Promise.resolve());
  expect(phases.leftMs).toBeGreaterThan(50_000);
  expect(phases.unfinished).toEqual([]);
});
