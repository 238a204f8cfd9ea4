import { describe, expect, it } from 'vitest';
import { ControlWord, makeControlBuffer } from '../telemetry/counters/control-word.ts';
import { type WaitingLine, WaitingLines, type WaitingOptions } from './waiting-lines.ts';

const A = 'container_id://a';
const B = 'container_id://b';

function start(options: Partial<WaitingOptions> = {}) {
  const asked: string[] = [];
  const { counters } = new ControlWord(makeControlBuffer());
  const waiting = new WaitingLines({ counters, ask: (key) => void asked.push(key), ...options });
  const hold = (key: string, line: string, at = 0, now = at): boolean =>
    waiting.hold([key], line, 1, at, now);
  const count = (): Record<string, number> => ({
    waiting: counters.get('originWaitingMessages'),
    late: counters.get('originResolvedLate'),
    gaveUp: counters.get('originGaveUp'),
    noRoom: counters.get('originNoRoom'),
  });
  return { asked, waiting, hold, count };
}
const textsOf = (lines: readonly WaitingLine[]): string[] => lines.map(({ line }) => line);

describe('WaitingLines', () => {
  it('asks once for each container, and gives back its lines in order when it is known', () => {
    const { asked, waiting, hold, count } = start();
    expect([hold(A, 'one'), hold(B, 'other'), hold(A, 'two')]).toEqual([true, true, true]);
    expect(asked).toEqual([A, B]);
    expect(count()).toEqual({ waiting: 3, late: 0, gaveUp: 0, noRoom: 0 });
    expect(textsOf(waiting.known(A))).toEqual(['one', 'two']);
    expect(waiting.known(A)).toEqual([]);
    expect(count()).toEqual({ waiting: 1, late: 2, gaveUp: 0, noRoom: 0 });
  });

  it('gives up after a second and a half, and does not wait again for a minute', () => {
    const { waiting, hold, count } = start();
    hold(A, 'one', 10);
    hold(A, 'two', 11);
    expect(waiting.overdue(11.4)).toEqual([]);
    expect(textsOf(waiting.overdue(11.5))).toEqual(['one', 'two']);
    expect(count()).toEqual({ waiting: 0, late: 0, gaveUp: 2, noRoom: 0 });
    expect([hold(A, 'three', 71), hold(A, 'four', 72)]).toEqual([false, true]);
  });

  it('does not wait for what nobody knows, until something is learned of it', () => {
    const { waiting, hold } = start();
    hold(A, 'one');
    expect(textsOf(waiting.notFound(A, 1))).toEqual(['one']);
    expect(hold(A, 'two', 2)).toBe(false);
    expect(waiting.hold([A, B], 'three', 1, 2, 2)).toBe(true);
    expect(waiting.known(A)).toEqual([]);
    expect(hold(A, 'four', 2)).toBe(true);
  });

  it('does not wait twice as long for a second thing', () => {
    const { hold } = start();
    expect([hold(B, 'one', 0, 1.4), hold(B, 'two', 0, 1.5)]).toEqual([true, false]);
  });

  it.each([
    ['lines', { linesMax: 2 }],
    ['bytes', { bytesMax: 2 * 99 }],
  ])('has room for so many %s, and counts what goes on because of that', (_, limits) => {
    const { waiting, hold, count } = start(limits);
    expect([hold(A, 'one'), hold(A, 'two'), hold(B, 'no!')]).toEqual([true, true, false]);
    expect(count()).toMatchObject({ waiting: 2, noRoom: 1 });
    waiting.known(A);
    expect(hold(B, 'now')).toBe(true);
  });

  it('stays within its limits when every line names another container', () => {
    const { asked, hold, count, waiting } = start();
    for (let i = 0; i < 20_000; i++) hold(`container_id://${i}`, 'x');
    expect(asked).toHaveLength(256);
    expect(count()).toMatchObject({ waiting: 256, noRoom: 20_000 - 256 });
    for (let i = 0; i < 20_000; i++) waiting.notFound(`container_id://${i}`, 0);
    expect(waiting.count).toBe(0);
  });

  it('lets everything go at the end', () => {
    const { waiting, hold } = start();
    hold(A, 'one', 5);
    hold(B, 'two', 5);
    expect(textsOf(waiting.overdue(Number.POSITIVE_INFINITY))).toEqual(['one', 'two']);
  });
});
