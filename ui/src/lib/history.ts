/**
 * Totals over time as plots show them: the answer of the server, continued with what the ticks said since.
 *
 *   answer  │ 300 cells of 1 s │ + ticks ─▶ the newest 300 seconds, without asking again
 */
import type { EventMark, HistoryAnswer } from '../../../src/model/live/series-views.ts';
import type { StreamTick } from '../../../src/model/live/stream-views.ts';

export interface Traffic {
  readonly times: readonly number[];
  readonly step: number;
  /** Messages per second, by listener, the busiest first. */
  readonly byListener: readonly { readonly listener: string; readonly values: readonly (number | null)[] }[];
  readonly lost: readonly { readonly at: number; readonly count: number }[];
  readonly contexts: readonly (number | null)[];
  readonly events: readonly EventMark[];
}

/** A second of a tick: the last that was complete when it was told. */
export interface Second {
  readonly at: number;
  readonly messages: Readonly<Record<string, number>>;
  readonly contexts: number;
  /** Packets the kernel dropped since the start. */
  readonly kernelLost: number;
}

export function secondOf(tick: StreamTick): Second {
  return {
    at: Math.floor(tick.at) - 1,
    messages: Object.fromEntries(
      tick.listeners.map(({ listener, messagesPerSecond }) => [listener, messagesPerSecond]),
    ),
    contexts: tick.contexts,
    kernelLost: tick.listeners.reduce((sum, { kernelLost }) => sum + (kernelLost ?? 0), 0),
  };
}

export function trafficOf(answer: HistoryAnswer, seconds: readonly Second[], rangeS: number): Traffic {
  const { from, step } = answer;
  const end = from + answer.cells * step;
  // Only cells of one second can be continued by ticks.
  const later = step === 1 ? seconds.filter(({ at }) => at >= end) : [];
  const newest = later.at(-1);
  const stop = newest === undefined ? end : newest.at + 1;
  const cells = Math.round(rangeS / step);
  const start = stop - cells * step;
  const times = Array.from({ length: cells }, (_, cell) => start + cell * step);
  const bySecond = new Map(later.map((second) => [second.at, second]));
  const cellOf = (at: number): number => Math.round((at - from) / step);
  const listeners = [
    ...new Set([
      ...Object.keys(answer.byListener),
      ...later.flatMap(({ messages }) => Object.keys(messages)),
    ]),
  ];
  const byListener = listeners.map((listener) => ({
    listener,
    values: times.map((at) => {
      if (at >= end) return bySecond.get(at)?.messages[listener] ?? null;
      const one = answer.byListener[listener]?.messages[cellOf(at)];
      return one === null || one === undefined ? null : one / step;
    }),
  }));
  byListener.sort((a, b) => sumOf(b.values) - sumOf(a.values));
  return {
    times,
    step,
    byListener,
    lost: lossesOf(answer, later, end, start),
    contexts: times.map((at) =>
      at >= end ? (bySecond.get(at)?.contexts ?? null) : (answer.contexts[cellOf(at)] ?? null),
    ),
    events: answer.events.filter(({ at }) => at >= start),
  };
}

/** Packets the kernel dropped and messages lost here, by the cell in which that was noticed. */
function lossesOf(
  answer: HistoryAnswer,
  later: readonly Second[],
  end: number,
  start: number,
): { at: number; count: number }[] {
  const { from, step, total } = answer;
  const lost: { at: number; count: number }[] = [];
  total.kernelLost.forEach((count, cell) => {
    const sum = (count ?? 0) + (total.dropped[cell] ?? 0);
    const at = from + cell * step;
    if (sum > 0 && at >= start) lost.push({ at, count: sum });
  });
  later.forEach(({ at, kernelLost }, index) => {
    const before = later[index - 1];
    if (before !== undefined && kernelLost > before.kernelLost && at >= end)
      lost.push({ at, count: kernelLost - before.kernelLost });
  });
  return lost;
}

function sumOf(values: readonly (number | null)[]): number {
  return values.reduce<number>((sum, one) => sum + (one ?? 0), 0);
}
