/**
 * One line of the tail for a terminal: time, sign, origin, the line; a rejected one says why.
 *
 *   12:04:31.204   udp  page.views:1|c|#env:prod
 *   12:04:31.310 ■ udp  page.views:1,5|c   not a number: write 1.5
 */
import { padTo } from '../../lib/text/terminal-text.ts';
import type { TailLine } from '../../model/live/line-views.ts';
import type { Line, Style } from './screen.ts';
import { span } from './screen.ts';

const SIGNS: Readonly<Record<TailLine['outcome'], readonly [sign: string, ascii: string, style: Style]>> = {
  accepted: [' ', ' ', 'plain'],
  rejected: ['■', '!', 'red'],
  filtered: ['–', '-', 'dim'],
  event: ['○', 'o', 'accent'],
  service_check: ['○', 'o', 'accent'],
};

export function tailLine(shown: TailLine, ascii: boolean): Line {
  const { line, at, outcome, listener, origin, words, remedy, reason } = shown;
  const [sign, plain, style] = SIGNS[outcome];
  const where = origin === '' ? listener : origin;
  const spans = [
    span(` ${clockWithMs(at)} `, 'dim'),
    span(`${ascii ? plain : sign} `, style),
    span(`${padTo(where.slice(0, 20), 8, 'right')} `, 'dim'),
    span(line.slice(0, 1024), style),
  ];
  if (outcome === 'rejected') spans.push(span(`   ${words} (${reason}); ${remedy}`, 'yellow'));
  if (outcome === 'filtered') spans.push(span(`   ${words}`, 'dim'));
  return spans;
}

/** `12:04:31.204`, local. */
export function clockWithMs(seconds: number): string {
  const date = new Date(seconds * 1000);
  const two = (value: number): string => String(value).padStart(2, '0');
  const time = [date.getHours(), date.getMinutes(), date.getSeconds()].map(two).join(':');
  return `${time}.${String(date.getMilliseconds()).padStart(3, '0')}`;
}
