import { describe, expect, it } from 'vitest';
import { age, ago, clock, narrowClock, preciseClock, span } from './times.ts';

const at = (hours: number, minutes: number, seconds: number, ms = 0, day = 28): number =>
  new Date(2026, 10, day, hours, minutes, seconds, ms).getTime();

describe('a time', () => {
  it('is the clock of the browser, with its date on another day only', () => {
    expect(clock(at(12, 4, 31), at(23, 0, 0))).toBe('12:04:31');
    expect(clock(at(12, 4, 31, 0, 27), at(1, 0, 0))).toBe('Nov 27, 12:04:31');
    expect(clock(null, at(1, 0, 0))).toBe('–');
  });

  it('has milliseconds in the tail, and fewer figures on a phone', () => {
    expect(preciseClock(at(12, 4, 31, 204))).toBe('12:04:31.204');
    expect(narrowClock(at(12, 4, 31, 204))).toBe('04:31.2');
  });
});

describe('a span', () => {
  it.each([
    [0, '0 s'],
    [0.0004, '0.4 ms'],
    [0.0123, '12.3 ms'],
    [4.2, '4.2 s'],
    [41, '41 s'],
    [60, '1 min'],
    [125, '2 min 5 s'],
    [7980, '2 h 13 min'],
    [46_260, '12 h 51 min'],
    [90_000, '1 d 1 h'],
    [null, '–'],
  ])('of %s s is written %s', (seconds, text) => expect(span(seconds)).toBe(text));
});

describe('an age', () => {
  it.each([
    [0.4, 'now'],
    [12.7, '12 s'],
    [240, '4 min'],
    [7300, '2 h'],
    [200_000, '2 d'],
  ])('of %s s is written %s', (seconds, text) => expect(age(seconds)).toBe(text));

  it('of now is not ago', () => expect([ago(0), ago(51)]).toEqual(['now', '51 s ago']));
});
