/**
 * The plot of one metric, by its type.
 *
 *   counter       rates, stacked: at most five series, the rest in grey
 *   gauge         lines, and a band between the extremes where a cell holds several values
 *   histogram     p50 solid, p95 dashed, p99 dotted: told apart by dash, not by colour
 *   distribution  a heat map of the samples below the same three lines
 *   set           how many distinct values
 *
 * Pure: an answer of the server becomes a PlotSpec. `joinFine` puts cells of one second behind those of a bucket.
 */
import type { SeriesAnswer, SeriesColumns, SeriesRow } from '../../../src/model/live/series-views.ts';
import { axis, percentile, rate, value } from '../format/numbers.ts';
import { splitTag, visible } from '../format/text.ts';
import { type ColourName, REST_COLOUR, SERIES_COLOURS } from '../plots/colour-names.ts';
import type { PlotLine, PlotMark, PlotSpec, Values } from '../plots/spec.ts';

export interface SeriesPlotOptions {
  readonly height: number;
  readonly isLog: boolean;
  readonly isHeat: boolean;
  /** The tag key by which series are told apart; undefined for whole series. */
  readonly by: string | undefined;
  readonly marks: readonly PlotMark[];
  readonly from: number;
  readonly to: number;
  readonly leftWidth?: number;
  readonly syncKey?: string;
}

const LINES_MAX = 5;
/** From here on percentiles are drawn by the second, and so are those of a metric with fewer buckets than these. */
const SAMPLES_PER_SECOND = 50;
const BUCKETS_KNOWN = 3;
const DASH_P95 = [5, 3];
const DASH_P99 = [1.5, 3];

export function isPercentiles(type: string): boolean {
  return type === 'histogram' || type === 'distribution';
}

export function seriesPlot(
  answer: SeriesAnswer,
  times: readonly number[],
  options: SeriesPlotOptions,
): PlotSpec {
  const { metric, type } = answer;
  const common = {
    label: visible(metric),
    times,
    from: options.from,
    to: options.to,
    height: options.height,
    marks: options.marks,
    ...(options.leftWidth !== undefined && { leftWidth: options.leftWidth }),
    ...(options.syncKey !== undefined && { syncKey: options.syncKey }),
    formatAxis: axis,
  };
  if (isPercentiles(type)) return { ...common, ...percentilesOf(answer, options) };
  if (type === 'counter') return { ...common, ...countersOf(answer, times, options.by) };
  if (type === 'set') return { ...common, ...setOf(answer) };
  return { ...common, ...gaugesOf(answer, options.by) };
}

type Shape = Pick<PlotSpec, 'lines' | 'summary' | 'format'> & Partial<PlotSpec>;

function percentilesOf({ total, rows, heat }: SeriesAnswer, options: SeriesPlotOptions): Shape {
  const { columns } = total;
  const isSplit = options.by !== undefined;
  const lines: PlotLine[] = isSplit
    ? rows.slice(0, LINES_MAX).map((row, at) => ({
        label: `${nameOf(row, options.by)} p95`,
        values: columnOf(row.columns, 'p95'),
        colour: SERIES_COLOURS[at] as ColourName,
      }))
    : [
        { label: 'p50', endLabel: 'p50', values: columnOf(columns, 'p50'), colour: 'text', width: 1.5 },
        {
          label: 'p95',
          endLabel: 'p95',
          values: columnOf(columns, 'p95'),
          colour: 'text',
          width: 1.25,
          dash: DASH_P95,
        },
        {
          label: 'p99',
          endLabel: 'p99',
          values: columnOf(columns, 'p99'),
          colour: 'text',
          width: 1.25,
          dash: DASH_P99,
        },
      ];
  const isAboveZero = lines.every(({ values }) => values.every((one) => one === null || one > 0));
  return {
    lines,
    summary: lines.map((line) => `${line.label} ${percentile(lastOf(line.values))}`).join(', '),
    isLog: options.isLog && isAboveZero,
    fromZero: !options.isLog,
    heat: options.isHeat && !isSplit ? heat : null,
    format: percentile,
    extra: [{ label: 'samples', values: columnOf(columns, 'count'), format: value }],
  };
}

function countersOf(
  { rows, rest, total, step }: SeriesAnswer,
  times: readonly number[],
  by: string | undefined,
): Shape {
  const perSecond = (row: SeriesRow): Values =>
    columnOf(row.columns, 'sum').map((one, at) => (one === null ? null : one / widthOf(times, at, step)));
  const shown = rows.length === 0 ? [total] : rows.slice(0, LINES_MAX);
  const others = rows.length > LINES_MAX ? rows.slice(LINES_MAX) : [];
  const lines: PlotLine[] = shown.map((row, at) => ({
    label: nameOf(row, by),
    values: perSecond(row),
    colour: SERIES_COLOURS[at] as ColourName,
    fill: 0.16,
  }));
  const rests = [...others, ...(rest === null ? [] : [rest])];
  if (rests.length > 0) {
    lines.push({ label: 'the rest', values: addUp(rests.map(perSecond)), colour: REST_COLOUR, fill: 0.16 });
  }
  const all = addUp(lines.map(({ values }) => values));
  return {
    lines,
    isStacked: true,
    fromZero: true,
    summary: `${rate(lastOf(all))} a second`,
    format: (one) => (one === null ? '–' : `${rate(one)}/s`),
    ...(lines.length > 1 && {
      extra: [
        {
          label: 'all',
          values: all,
          format: (one: number | null) => (one === null ? '–' : `${rate(one)}/s`),
        },
      ],
    }),
  };
}

function gaugesOf({ rows, total }: SeriesAnswer, by: string | undefined): Shape {
  const shown = rows.length === 0 ? [total] : rows.slice(0, LINES_MAX);
  const [only] = shown;
  const lines: PlotLine[] = shown.map((row, at) => ({
    label: nameOf(row, by),
    values: columnOf(row.columns, 'value'),
    colour: SERIES_COLOURS[at] as ColourName,
  }));
  const summary = lines.map((line) => value(lastOf(line.values))).join(', ');
  if (shown.length === 1 && only !== undefined && hasSpread(only.columns)) {
    lines.push(
      { label: 'max', values: columnOf(only.columns, 'max'), colour: 's1', isEdge: true },
      { label: 'min', values: columnOf(only.columns, 'min'), colour: 's1', isEdge: true },
    );
    return { lines, summary, band: [1, 2], format: value };
  }
  return { lines, summary, format: value };
}

function setOf({ total }: SeriesAnswer): Shape {
  const values = columnOf(total.columns, 'value');
  return {
    lines: [{ label: 'distinct values', values, colour: 's1', fill: 0.12 }],
    summary: `${value(lastOf(values))} distinct values`,
    fromZero: true,
    format: value,
  };
}

/** The start of every cell. */
export function timesOf({ from, step, cells }: Pick<SeriesAnswer, 'from' | 'step' | 'cells'>): number[] {
  return Array.from({ length: cells }, (_, cell) => from + cell * step);
}

/**
 * Cells of a bucket up to where cells of one second begin, then those. Where nobody looked before, the past is only
 * known by the bucket.
 */
export function joinFine(
  coarse: SeriesAnswer,
  fine: SeriesAnswer | undefined,
): { answer: SeriesAnswer; times: number[] } {
  const whole = { answer: coarse, times: timesOf(coarse) };
  if (
    fine === undefined ||
    fine.fineSince === null ||
    fine.step >= coarse.step ||
    fine.type !== coarse.type ||
    isTooThin(coarse)
  )
    return whole;
  const fineTimes = timesOf(fine);
  const since = fine.fineSince;
  // The first whole bucket after they began: a bucket and its seconds are never both drawn.
  const start = coarse.from + Math.ceil((since - coarse.from) / coarse.step) * coarse.step;
  const firstFine = fineTimes.findIndex((at) => at >= start);
  const coarseCells = Math.max(0, Math.min(coarse.cells, Math.round((start - coarse.from) / coarse.step)));
  if (firstFine < 0) return whole;
  const fineCells = fineTimes.length - firstFine;
  const joinColumns = (a: SeriesColumns, b: SeriesColumns | undefined): SeriesColumns => {
    const joined: Record<string, (number | null)[]> = {};
    for (const key of Object.keys(a) as (keyof SeriesColumns)[]) {
      const late = b?.[key];
      joined[key] = [
        ...columnOf(a, key).slice(0, coarseCells),
        ...(late === undefined ? new Array<null>(fineCells).fill(null) : late.slice(firstFine)),
      ];
    }
    return joined;
  };
  const fineRows = new Map(fine.rows.map((row) => [keyOf(row), row]));
  const joinRow = (row: SeriesRow, other: SeriesRow | null | undefined): SeriesRow => ({
    ...row,
    columns: joinColumns(row.columns, other?.columns),
  });
  const sameHeat =
    coarse.heat !== null && fine.heat !== null && sameBounds(coarse.heat.bounds, fine.heat.bounds);
  return {
    times: [...timesOf(coarse).slice(0, coarseCells), ...fineTimes.slice(firstFine)],
    answer: {
      ...coarse,
      cells: coarseCells + fineCells,
      total: joinRow(coarse.total, fine.total),
      rows: coarse.rows.map((row) => joinRow(row, fineRows.get(keyOf(row)))),
      rest: coarse.rest === null ? null : joinRow(coarse.rest, fine.rest),
      heat:
        coarse.heat === null
          ? null
          : {
              bounds: coarse.heat.bounds,
              cells: [
                ...coarse.heat.cells.slice(0, coarseCells),
                ...(sameHeat
                  ? (fine.heat?.cells.slice(firstFine) ?? [])
                  : new Array<null>(fineCells).fill(null)),
              ],
            },
    },
  };
}

/**
 * Percentiles of a second need samples to be worth drawing: with few of them a line jumps from end to end. A metric
 * that is new is shown all the same, because there is nothing else of it.
 */
function isTooThin({ type, total }: SeriesAnswer): boolean {
  if (!isPercentiles(type) || total.rate >= SAMPLES_PER_SECOND) return false;
  return columnOf(total.columns, 'count').filter((one) => one !== null).length >= BUCKETS_KNOWN;
}

/** What a series is called: its value of the tag key, or its tags. */
export function nameOf({ tags, host, contexts }: SeriesRow, by: string | undefined): string {
  if (by !== undefined) {
    const tag = tags.find((one) => splitTag(one).key === by);
    return tag === undefined ? `without ${visible(by)}` : visible(splitTag(tag).value ?? tag);
  }
  const text = [...tags, ...(host === '' ? [] : [`host ${host}`])].map(visible).join(' ');
  if (text !== '') return text;
  return contexts > 1 ? 'all contexts' : 'no tags';
}

function keyOf({ tags, host }: SeriesRow): string {
  return [...tags, host].join('\n');
}

function columnOf(columns: SeriesColumns, key: keyof SeriesColumns): Values {
  return columns[key] ?? [];
}

function hasSpread({ min, max }: SeriesColumns): boolean {
  return min?.some((one, at) => one !== null && one !== max?.[at]) === true;
}

/** The width of a cell, s: up to the next; the last is as wide as the one before it. */
function widthOf(times: readonly number[], at: number, step: number): number {
  const start = times[at];
  const next = times[at + 1];
  if (start !== undefined && next !== undefined) return next - start;
  const before = times[at - 1];
  return start !== undefined && before !== undefined ? start - before : step;
}

/** A sum of columns: a gap only where all have one. */
function addUp(columns: readonly Values[]): (number | null)[] {
  const [first = []] = columns;
  return first.map((_, at) => {
    const known = columns.map((one) => one[at] ?? null).filter((one) => one !== null);
    return known.length === 0 ? null : known.reduce((sum, one) => sum + one, 0);
  });
}

export function lastOf(values: Values): number | null {
  for (let at = values.length - 1; at >= 0; at--) if (values[at] != null) return values[at] as number;
  return null;
}

function sameBounds(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((one, at) => one === b[at]);
}
