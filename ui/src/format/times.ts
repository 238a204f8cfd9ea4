/**
 * Times and spans as the page shows them: by the clock of the browser, 24 hours, a date only when it is not today.
 *
 *   clock 12:04:31   precise 12:04:31.204   span 2 h 13 min   age now, 12 s, 4 min
 *
 * Times are ms since 1970, spans and ages seconds. The present is an argument, so a test can say what it is.
 */
import { NOT_KNOWN } from './numbers.ts';

const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** `12:04:31`; on another day `Nov 27, 12:04:31`. */
export function clock(ms: number | null | undefined, now: number): string {
  if (!isTime(ms)) return NOT_KNOWN;
  const at = new Date(ms);
  const text = `${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}`;
  return isSameDay(at, new Date(now)) ? text : `${day(at)}, ${text}`;
}

/** `12:04`, for the axis of a plot that is longer than a few minutes. */
export function shortClock(ms: number): string {
  const at = new Date(ms);
  return `${two(at.getHours())}:${two(at.getMinutes())}`;
}

/** `12:04:31.204`, for the lines of the tail. */
export function preciseClock(ms: number): string {
  const at = new Date(ms);
  return `${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}.${String(at.getMilliseconds()).padStart(3, '0')}`;
}

/** `04:31.2`: the same for a phone. */
export function narrowClock(ms: number): string {
  return preciseClock(ms).slice(3, 10);
}

/** A span, of two units at most: `0.4 ms`, `41 s`, `2 h 13 min`. */
export function span(seconds: number | null | undefined): string {
  if (typeof seconds !== 'number' || !Number.isFinite(seconds)) return NOT_KNOWN;
  if (seconds < 0) return `-${span(-seconds)}`;
  if (seconds === 0) return '0 s';
  if (seconds < 0.9995) return `${Number((seconds * 1000).toPrecision(seconds < 0.01 ? 1 : 3))} ms`;
  if (seconds < 9.95) return `${Number(seconds.toFixed(1))} s`;
  const whole = Math.round(seconds);
  if (whole < MINUTE) return `${whole} s`;
  if (whole < HOUR) return two1(Math.floor(whole / MINUTE), 'min', whole % MINUTE, 's');
  if (whole < DAY) {
    const minutes = Math.round(whole / MINUTE);
    return two1(Math.floor(minutes / 60), 'h', minutes % 60, 'min');
  }
  const hours = Math.round(whole / HOUR);
  return two1(Math.floor(hours / 24), 'd', hours % 24, 'h');
}

/** How long ago, of one unit: `now`, `12 s`, `4 min`, `3 h`, `2 d`. */
export function age(seconds: number | null | undefined): string {
  if (typeof seconds !== 'number' || !Number.isFinite(seconds)) return NOT_KNOWN;
  if (seconds < 1) return 'now';
  if (seconds < MINUTE) return `${Math.floor(seconds)} s`;
  if (seconds < HOUR) return `${Math.floor(seconds / MINUTE)} min`;
  if (seconds < DAY) return `${Math.floor(seconds / HOUR)} h`;
  return `${Math.floor(seconds / DAY)} d`;
}

/** `12 s ago`, or `now`. */
export function ago(seconds: number | null | undefined): string {
  const text = age(seconds);
  return text === 'now' || text === NOT_KNOWN ? text : `${text} ago`;
}

function two1(large: number, largeUnit: string, small: number, smallUnit: string): string {
  return small === 0 ? `${large} ${largeUnit}` : `${large} ${largeUnit} ${small} ${smallUnit}`;
}

function isTime(ms: number | null | undefined): ms is number {
  return typeof ms === 'number' && Number.isFinite(ms);
}

function two(n: number): string {
  return String(n).padStart(2, '0');
}

function day(at: Date): string {
  return at.toLocaleDateString('en-US', { month: 'short', day: 'numeric' });
}

function isSameDay(a: Date, b: Date): boolean {
  return a.getFullYear() === b.getFullYear() && a.getMonth() === b.getMonth() && a.getDate() === b.getDate();
}
