/** The lines at the top of `whippet top`: who, how much, what was lost, what needs attention. */
import {
  formatAge,
  formatBytes,
  formatClock,
  formatCount,
  formatRate,
  formatSpan,
} from '../../lib/text/short-number.ts';
import { elide, padTo, widthOf } from '../../lib/text/terminal-text.ts';
import type { StreamTick } from '../../model/live/stream-views.ts';
import type { TopState } from './model.ts';
import { area, roundUp } from './plots.ts';
import { type Line, type Span, span } from './screen.ts';

const PLOT_LINES = 5;
const AXIS = 6;
const ATTENTION_MAX = 3;

export interface Look {
  readonly columns: number;
  readonly rows: number;
  readonly ascii: boolean;
}

/** The state of the connection, at the right end of the first line. */
export function liveSign({ lost, pausedAt, now }: TopState, { ascii, columns }: Look): Span {
  const isNarrow = columns < 64;
  if (lost !== undefined) {
    const wait = Math.max(0, Math.ceil(lost.retryAt - now));
    const sign = ascii ? 'o' : '○';
    return span(
      isNarrow ? sign : `${sign} no answer since ${formatClock(lost.since)}, again in ${wait} s`,
      'red',
    );
  }
  if (pausedAt !== undefined) {
    const sign = ascii ? '=' : '‖';
    return span(isNarrow ? sign : `${sign} paused ${formatClock(pausedAt)}`, 'yellow');
  }
  return span(isNarrow ? (ascii ? '*' : '●') : ascii ? '* live' : '● live', 'green');
}

/** `left` and `right` at the two ends of a line. */
export function ends(left: readonly Span[], right: readonly Span[], columns: number): Line {
  const size = (spans: readonly Span[]): number => spans.reduce((sum, { text }) => sum + widthOf(text), 0);
  const room = columns - size(right) - 2;
  const kept: Span[] = [];
  // The right end says how things are, so the left one gives way.
  for (const one of left) {
    const before = size(kept);
    if (before < room) kept.push({ ...one, text: elide(one.text, room - before) });
  }
  return [...kept, span(' '.repeat(Math.max(1, columns - size(kept) - size(right) - 1))), ...right];
}

export function header(state: TopState, look: Look): Line[] {
  const { tick } = state;
  const { columns, rows } = look;
  if (tick === undefined) {
    const what = state.lost === undefined ? 'whippet  asking the server …' : `whippet  ${state.lost.why}`;
    return [ends([span(what, 'bold')], [liveSign(state, look)], columns)];
  }
  if (columns < 64) return narrow(state, tick, look);
  const lines = [first(state, tick, look)];
  if (columns >= 100 && rows >= 30) {
    lines.push(equation(tick, columns), ...plot(state, look), []);
    const notes = attention(state, tick);
    lines.push(...notes, ...(notes.length > 0 ? [[]] : []), ...listenerTable(tick, look), []);
    return lines;
  }
  lines.push(second(tick, columns));
  const [note] = attention(state, tick);
  if (note !== undefined) lines.push(note);
  return lines;
}

function first(state: TopState, tick: StreamTick, look: Look): Line {
  const { rates, hostname, version, startedAt, at } = tick;
  const isWide = look.columns >= 100;
  const left = [
    span(' whippet', 'bold'),
    span(`  ${hostname}${isWide ? `  ${version}` : ''}  up ${formatSpan(at - startedAt)}`, 'dim'),
  ];
  const right = [
    span(formatRate(rates.messages, 9), 'bold'),
    span(' lines/s  ', 'dim'),
    span(`${formatBytes(rates.bytes)}/s`, 'bold'),
    ...(isWide ? [span(`  ${formatRate(rates.packets, 9)}`, 'bold'), span(' packets/s', 'dim')] : []),
    span('  '),
    liveSign(state, look),
  ];
  return ends(left, right, look.columns);
}

function narrow(state: TopState, tick: StreamTick, look: Look): Line[] {
  const right = [span(`${formatRate(tick.rates.messages, 9)}/s`, 'bold'), span(' '), liveSign(state, look)];
  return [
    ends([span(` ${tick.hostname}`)], right, look.columns),
    ends([span(` ${formatCount(tick.contexts)} contexts`, 'dim')], lostSpans(tick), look.columns),
  ];
}

function second(
  { contexts, newContextsPerMinute, rates, equation: sums, ...tick }: StreamTick,
  columns: number,
): Line {
  const left = [
    span(` ${formatCount(contexts)} contexts`),
    span(newContextsPerMinute > 0 ? ` +${formatCount(newContextsPerMinute)}/min` : '', 'dim'),
    span(`   rejected ${formatRate(rates.rejected)}/s`, rates.rejected > 0 ? 'yellow' : 'dim'),
    span(`   filtered ${formatRate(rates.filtered)}/s   held ${formatCount(sums.held)}`, 'dim'),
  ];
  return ends(left, lostSpans({ equation: sums, ...tick }), columns);
}

function equation(tick: StreamTick, columns: number): Line {
  const { received, accepted, rejected, filtered, dropped, held } = tick.equation;
  const parts = [
    `${formatCount(accepted, 12)} accepted`,
    `${formatCount(rejected, 12)} rejected`,
    `${formatCount(filtered, 12)} filtered`,
    `${formatCount(dropped, 12)} dropped`,
    `${formatCount(held, 12)} held`,
  ];
  return ends(
    [span(` ${formatCount(received, 12)} received = ${parts.join(' + ')}`)],
    lostSpans(tick),
    columns,
  );
}

/** What whippet and its kernel lost, whatever the unit. */
function lostSpans({ losses = [] }: Partial<StreamTick>): Span[] {
  const lost = losses.reduce((sum, { count }) => sum + count, 0);
  return lost === 0 ? [span('no loss', 'dim')] : [span(`LOST ${formatCount(lost)}`, 'red')];
}

/** Lost, growing, rejected: what is to be done, the worst first. */
export function attention(state: TopState, tick: StreamTick): Line[] {
  const lines: Line[] = [];
  const column = (text: string): string => padTo(text, 20, 'right');
  for (const { listener, reason } of tick.notListening)
    lines.push([span(` ! ${column(`not listening: ${listener}`)}  ${reason}`, 'red')]);
  for (const { stage, name, unit, reason, count, lastAt, remedy } of tick.losses) {
    if (lastAt === null || state.now - lastAt > 600) continue;
    const where = [stage, name].filter((part) => part !== '').join(', ');
    const what = `${formatCount(count)} ${unit} lost ${formatAge(state.now - lastAt)} ago: ${reason.replaceAll('_', ' ')}`;
    lines.push([
      span(` ! ${column(where)}  ${what}. `, 'red'),
      span(remedy.charAt(0).toUpperCase() + remedy.slice(1)),
    ]);
  }
  for (const { name, newPerMinute, contexts, tagKey, tagValues } of tick.growing) {
    const why = tagKey === null ? '' : `  ${tagKey} has ${formatCount(tagValues)} values`;
    const grows = `grows +${formatCount(newPerMinute)}/min to ${formatCount(contexts)} contexts`;
    lines.push([span(` ~ ${column(name)}  ${grows}`, 'yellow'), span(why)]);
  }
  for (const { reason, perSecond, lines: samples } of tick.errors) {
    if (perSecond <= 0) continue;
    const sample = samples[0]?.line ?? '';
    lines.push([
      span(` ~ ${column(`rejected ${formatRate(perSecond)}/s`)}  ${reason}:`, 'yellow'),
      span(`  ${sample}`),
    ]);
  }
  return lines.slice(0, ATTENTION_MAX);
}

/** Lines a second over the last five minutes. */
function plot({ history }: TopState, { columns, ascii }: Look): Line[] {
  const values = history?.total.messages ?? [];
  const top = roundUp(Math.max(1, ...values.map((value) => value ?? 0)));
  const width = columns - AXIS - 2;
  const rows = area(values, width, PLOT_LINES, top, ascii);
  const lines = rows.map((row, i): Line => {
    const label =
      i === 0 ? top : i === Math.floor(PLOT_LINES / 2) ? top / 2 : i === PLOT_LINES - 1 ? 0 : undefined;
    const text = label === undefined ? '' : formatCount(label, 5);
    return [span(padTo(text, AXIS, 'left'), 'dim'), span(` ${row}`, 'accent')];
  });
  if (history === undefined) return [...lines, []];
  const end = history.from + history.cells * history.step;
  const marks = history.events.slice(-2).map(({ title, at }) => `${formatClock(at).slice(0, 5)} ${title}`);
  const left = `${' '.repeat(AXIS + 1)}${formatClock(history.from).slice(0, 5)}   ${marks.join('   ')}`;
  return [...lines, ends([span(left, 'dim')], [span(formatClock(end).slice(0, 5), 'dim')], columns)];
}

function listenerTable({ listeners, outputs }: StreamTick, { columns, ascii }: Look): Line[] {
  const title =
    ' listener  address                     lines/s      bytes/s  packets/s  kernel lost  backlog   output';
  const rows = Math.max(listeners.length, outputs.length);
  const lines: Line[] = [[span(title.slice(0, columns), 'dim')]];
  for (let i = 0; i < Math.min(rows, 4); i++) {
    const one = listeners[i];
    const output = outputs[i];
    const own =
      one === undefined
        ? ' '.repeat(95)
        : ` ${padTo(one.listener, 8, 'right')}  ${padTo((one.addresses[0] ?? '').slice(0, 24), 24, 'right')}` +
          `${padTo(formatRate(one.messagesPerSecond, 9), 11, 'left')}${padTo(`${formatBytes(one.bytesPerSecond)}`, 13, 'left')}` +
          `${padTo(formatRate(one.packetsPerSecond, 9), 11, 'left')}${padTo(formatCount(one.kernelLost), 13, 'left')}` +
          `${padTo(formatCount(one.backlog), 9, 'left')}   `;
    const spans = [span(own, one !== undefined && (one.kernelLost ?? 0) > 0 ? 'red' : 'plain')];
    if (output !== undefined) {
      const sign = output.healthy ? (ascii ? '*' : '●') : '~';
      const queue = output.queue > 0 ? `, ${formatCount(output.queue)} wait` : '';
      spans.push(span(`${sign} ${output.name}${queue}`, output.healthy ? 'green' : 'yellow'));
    }
    lines.push(spans);
  }
  return lines;
}
