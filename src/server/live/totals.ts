/**
 * Totals of the server by the second: what every listener counted since the last reading.
 *
 *   counters of the threads, the ledger ──once a second──▶ differences ─▶ 300 × 1 s │ 720 × 10 s │ the same by listener
 *
 * Memory  300 and 720 cells of 9 columns, and of 3 for each kind of listener: about 75 KB and 27 KB each.
 */

import type { HistoryAnswer, TotalColumns } from '../../model/live/series-views.ts';
import type { TickRates } from '../../model/live/stream-views.ts';
import type { ListenerTraffic } from '../../model/live/traffic-views.ts';
import { TotalsRing } from '../../statistics/totals-ring.ts';
import { CORE_COUNTERS } from '../../telemetry/counters/core-counters.ts';
import type { ThreadCounts } from '../../telemetry/counters/thread-counts.ts';
import type { LedgerReport } from '../../telemetry/ledger/ledger-report.ts';

const FINE_CELLS = 300;
const COARSE_CELLS = 720;
const COARSE_SECONDS = 10;
/** The order of the columns in the rings. */
const COLUMNS = [
  'messages',
  'samples',
  'bytes',
  'packets',
  'newContexts',
  'rejected',
  'filtered',
  'dropped',
  'kernelLost',
] as const satisfies readonly (keyof TotalColumns)[];
const LISTENER_COLUMNS = ['messages', 'bytes', 'packets'] as const;
const SPARK_CELLS = 60;
const SPARK_SECONDS = 5;

export type Amounts = Readonly<Record<(typeof COLUMNS)[number], number>>;

/** What was counted since the start, by listener. */
export type Readings = ReadonlyMap<string, Amounts>;

export class Totals {
  private readonly fine = new TotalsRing(1, FINE_CELLS, COLUMNS.length);
  private readonly coarse = new TotalsRing(COARSE_SECONDS, COARSE_CELLS, COLUMNS.length);
  /** Contexts at the end of a cell, in the same places. */
  private readonly levels = [new Levels(1, FINE_CELLS), new Levels(COARSE_SECONDS, COARSE_CELLS)] as const;
  private readonly listeners = new Map<string, { readonly fine: TotalsRing; readonly coarse: TotalsRing }>();
  private before: Readings = new Map();
  private rates: Readings = new Map();
  private readAt = Number.NaN;

  /** Takes a reading at `now` in Unix seconds. */
  take(now: number, readings: Readings, contexts: number): void {
    const elapsed = now - this.readAt;
    const growth = new Map(
      [...readings].map(([listener, amounts]) => [
        listener,
        differenceOf(amounts, this.before.get(listener)),
      ]),
    );
    const isFirst = Number.isNaN(this.readAt);
    this.readAt = now;
    this.before = readings;
    // What was there before the first reading did not come in its second.
    const sums = COLUMNS.map((column) => (isFirst ? 0 : sumOf(growth, column)));
    this.fine.add(now, sums);
    this.coarse.add(now, sums);
    for (const levels of this.levels) levels.set(now, contexts);
    for (const [listener, amounts] of growth) {
      const ring = this.ringsOf(listener);
      const values = LISTENER_COLUMNS.map((column) => (isFirst ? 0 : amounts[column]));
      ring.fine.add(now, values);
      ring.coarse.add(now, values);
    }
    if (isFirst || !(elapsed > 0)) return;
    this.rates = new Map([...growth].map(([listener, amounts]) => [listener, scaled(amounts, 1 / elapsed)]));
  }

  /** Per second, between the last two readings. */
  tickRates(): TickRates {
    const rate = (column: (typeof COLUMNS)[number]): number => sumOf(this.rates, column);
    return {
      ...{
        messages: rate('messages'),
        samples: rate('samples'),
        bytes: rate('bytes'),
        packets: rate('packets'),
      },
      ...{ newContexts: rate('newContexts'), rejected: rate('rejected'), filtered: rate('filtered') },
      dropped: rate('dropped'),
    };
  }

  /** Contexts that were new in the last minute. */
  newContextsPerMinute(now: number): number {
    const end = Math.floor(now);
    return sumKnown(this.fine.column(COLUMNS.indexOf('newContexts'), end - 60, 60));
  }

  /** Messages of second `cell`; null when it is not known. */
  messagesAt(cell: number): number | null {
    return this.fine.at(0, cell);
  }

  listenerRows(report: LedgerReport, now: number): ListenerTraffic[] {
    return report.listeners.map(({ listener, addresses, kernel, backlog }) => {
      const total = this.before.get(listener);
      const rate = this.rates.get(listener);
      return {
        ...{ listener, addresses, backlog: backlog.packets },
        ...{ packets: total?.packets ?? 0, messages: total?.messages ?? 0, bytes: total?.bytes ?? 0 },
        ...{ samples: total?.samples ?? 0, rejected: total?.rejected ?? 0, filtered: total?.filtered ?? 0 },
        ...{ dropped: total?.dropped ?? 0, kernelLost: kernel?.droppedPackets ?? null },
        packetsPerSecond: rate?.packets ?? 0,
        messagesPerSecond: rate?.messages ?? 0,
        bytesPerSecond: rate?.bytes ?? 0,
        samplesPerSecond: rate?.samples ?? 0,
        spark: this.sparkOf(listener, now),
      };
    });
  }

  /** Bytes received since the start, and samples. */
  get received(): { readonly bytes: number; readonly samples: number } {
    return { bytes: sumOf(this.before, 'bytes'), samples: sumOf(this.before, 'samples') };
  }

  /** The last `range` seconds: by the second up to five minutes. */
  history(now: number, range: number): Omit<HistoryAnswer, 'events' | 'spikes'> {
    const isFine = range <= FINE_CELLS;
    const step = isFine ? 1 : COARSE_SECONDS;
    const cells = Math.min(isFine ? FINE_CELLS : COARSE_CELLS, Math.ceil(range / step));
    const end = Math.floor(now / step);
    const first = end - cells;
    const ring = isFine ? this.fine : this.coarse;
    const total = Object.fromEntries(
      COLUMNS.map((column, i) => [column, ring.column(i, first, cells)]),
    ) as unknown as TotalColumns;
    const byListener = Object.fromEntries(
      [...this.listeners].map(([listener, { fine, coarse }]) => [
        listener,
        Object.fromEntries(
          LISTENER_COLUMNS.map((column, i) => [column, (isFine ? fine : coarse).column(i, first, cells)]),
        ) as unknown as Pick<TotalColumns, 'messages' | 'bytes' | 'packets'>,
      ]),
    );
    const contexts = this.levels[isFine ? 0 : 1].column(first, cells);
    return { from: first * step, step, cells, total, byListener, contexts };
  }

  private sparkOf(listener: string, now: number): (number | null)[] {
    const ring = this.listeners.get(listener)?.fine;
    const end = Math.floor(now / SPARK_SECONDS) * SPARK_SECONDS;
    return Array.from({ length: SPARK_CELLS }, (_, i) => {
      const from = end - (SPARK_CELLS - i) * SPARK_SECONDS;
      const seconds = ring?.column(0, from, SPARK_SECONDS).filter((value) => value !== null) ?? [];
      return seconds.length === 0 ? null : sumKnown(seconds) / seconds.length;
    });
  }

  private ringsOf(listener: string) {
    const known = this.listeners.get(listener);
    if (known !== undefined) return known;
    const columns = LISTENER_COLUMNS.length;
    const rings = {
      fine: new TotalsRing(1, FINE_CELLS, columns),
      coarse: new TotalsRing(COARSE_SECONDS, COARSE_CELLS, columns),
    };
    this.listeners.set(listener, rings);
    return rings;
  }
}

/** A level at the end of each cell. */
class Levels {
  private readonly step: number;
  private readonly values: Float64Array;
  private readonly cellAt: Float64Array;

  constructor(step: number, cells: number) {
    this.step = step;
    this.values = new Float64Array(cells);
    this.cellAt = new Float64Array(cells).fill(Number.NaN);
  }

  set(now: number, value: number): void {
    const cell = Math.floor(now / this.step);
    const place = cell % this.values.length;
    this.cellAt[place] = cell;
    this.values[place] = value;
  }

  column(from: number, count: number): (number | null)[] {
    return Array.from({ length: count }, (_, i) => {
      const place = (from + i) % this.values.length;
      return this.cellAt[place] === from + i ? (this.values[place] as number) : null;
    });
  }
}

/** What the threads and the ledger say now. */
export function readingsOf(threads: readonly ThreadCounts[], report: LedgerReport): Readings {
  const readings = new Map<string, Amounts>();
  for (const { listener, kernel, receivedBytes } of report.listeners) {
    const own = threads.filter((thread) => thread.listener === listener);
    const totalsOf = (unit: string) =>
      report.totals.find((one) => one.stage === LISTENER_STAGE && one.name === listener && one.unit === unit);
    const messages = totalsOf('messages');
    readings.set(listener, {
      messages: messages?.received ?? 0,
      samples: own.reduce((sum, { core }) => sum + (core[CORE_COUNTERS.samples] as number), 0),
      bytes: receivedBytes,
      packets: totalsOf('packets')?.received ?? 0,
      newContexts: own.reduce((sum, { counters }) => sum + counters.get('newContexts'), 0),
      rejected: sumCounts(messages?.rejected),
      filtered: sumCounts(messages?.filtered),
      dropped: sumCounts(messages?.dropped),
      kernelLost: kernel?.droppedPackets ?? 0,
    });
  }
  return readings;
}

/** The stage of the ledger that counts what listeners received. */
export const LISTENER_STAGE = 'listener';

export function sumCounts(counts: Readonly<Record<string, number>> | undefined): number {
  return Object.values(counts ?? {}).reduce((sum, count) => sum + count, 0);
}

function differenceOf(after: Amounts, before: Amounts | undefined): Amounts {
  return Object.fromEntries(
    COLUMNS.map((column) => [column, Math.max(0, after[column] - (before?.[column] ?? 0))]),
  ) as unknown as Amounts;
}

function scaled(amounts: Amounts, by: number): Amounts {
  return Object.fromEntries(COLUMNS.map((column) => [column, amounts[column] * by])) as unknown as Amounts;
}

function sumOf(readings: Readings, column: (typeof COLUMNS)[number]): number {
  let sum = 0;
  for (const amounts of readings.values()) sum += amounts[column];
  return sum;
}

function sumKnown(values: readonly (number | null)[]): number {
  return values.reduce<number>((sum, value) => sum + (value ?? 0), 0);
}
