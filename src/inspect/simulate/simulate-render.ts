/**
 * A simulation as text for people: what every flush emitted, and how a result differs from a stored one.
 *
 *   flush 0 at 1010
 *     lat.max     gauge  1000  320   route:home
 *     page.views  rate   1000  0.1   env:dev
 *                        1010  0.3
 *   flushes 1 to 3: nothing
 */
import type { Paint } from '../../lib/text/paint.ts';
import { escapeControls, padTo } from '../../lib/text/terminal-text.ts';
import { describeRejection, show } from '../explain/words.ts';
import type { Difference } from './simulate-compare.ts';
import type { EncodedNumber, SimulatedSeries, SketchPoint } from './simulate-series.ts';
import type { Unaggregated } from './simulate-shard.ts';

export interface RenderSeriesOptions {
  readonly paint: Paint;
  /** A series of another host says so. */
  readonly hostname: string;
}

/** Columns of name, type, time and value; tags follow. A longer text pushes the rest of its row aside. */
const NAME_WIDTH = 32;
const TYPE_WIDTH = 6;
const TIME_WIDTH = 10;
const VALUE_WIDTH = 12;
const INDENT = '  ';
/** Bins of a sketch that are listed where nothing is compared. */
const BINS_SHOWN = 12;

/** Lists what each flush emitted, in order; the stop comes last but for samples with timestamps. */
export function renderFlushes(
  series: readonly SimulatedSeries[],
  flushes: { readonly flush_at: readonly number[]; readonly stop_at?: number | undefined },
  options: RenderSeriesOptions,
): string {
  const { paint } = options;
  const parts: string[] = [];
  let silent: number[] = [];
  const add = (title: string, emitted: readonly SimulatedSeries[]): void => {
    sayNothing();
    parts.push(
      `${paint('bold', title)}\n${emitted.length === 0 ? `${INDENT}nothing\n` : renderRows(emitted, options)}`,
    );
  };
  const sayNothing = (): void => {
    const [first, last] = [silent[0], silent.at(-1)];
    if (silent.length === 1) parts.push(`${paint('dim', `flush ${first}: nothing`)}\n`);
    if (silent.length > 1) parts.push(`${paint('dim', `flushes ${first} to ${last}: nothing`)}\n`);
    silent = [];
  };
  const byFlush = groupByFlush(series);
  flushes.flush_at.forEach((time, i) => {
    const emitted = byFlush.get(i) ?? [];
    if (emitted.length === 0) silent.push(i);
    else add(`flush ${i} at ${time}`, emitted);
  });
  sayNothing();
  if (flushes.stop_at !== undefined) add(`stop at ${flushes.stop_at}`, byFlush.get('stop') ?? []);
  const passed = byFlush.get(undefined) ?? [];
  if (passed.length > 0) add('passed through, with timestamps of their own', passed);
  return parts.join('');
}

/** Says what did not become series; empty when there is nothing to say. */
export function renderUnaggregated(
  { rejectedCount, rejected, dropped, overLimit, events, checks }: Unaggregated,
  { paint }: RenderSeriesOptions,
): string {
  const rows: string[] = [];
  if (rejected !== undefined) {
    const which = rejectedCount === 1 ? '1 line rejected' : `${rejectedCount} lines rejected, the first`;
    rows.push(paint('red', `${which}: ${show(rejected.line)}: ${describeRejection(rejected.rejection)}`));
  }
  for (const [limit, count] of overLimit) rows.push(paint('red', `samples over limits.${limit}: ${count}`));
  for (const [reason, count] of dropped) rows.push(paint('red', `dropped samples, ${reason}: ${count}`));
  if (events > 0) rows.push(`not aggregated: ${events} ${events === 1 ? 'event' : 'events'}`);
  if (checks > 0) rows.push(`not aggregated: ${checks} ${checks === 1 ? 'service check' : 'service checks'}`);
  return rows.map((row) => `${row}\n`).join('');
}

/** Shows differences: what the stored result has with -, what came out with +. */
export function renderDifferences(differences: readonly Difference[], options: RenderSeriesOptions): string {
  const { paint } = options;
  return differences
    .map(({ kind, want, got }) => {
      const title = paint('bold', `${describeFlush(want ?? got)}: ${kind}\n`);
      const removed = want === undefined ? [] : rowsOf(want, options);
      const added = got === undefined ? [] : rowsOf(got, options);
      // Of a long series only the rows that changed; all of them when the change is in how many there are.
      const isChange = (row: string) => !(removed.includes(row) && added.includes(row));
      const isShown = [...removed, ...added].some(isChange) ? isChange : () => true;
      const rows = [
        ...removed.filter(isShown).map((row) => paint('red', `- ${row}`)),
        ...added.filter(isShown).map((row) => paint('green', `+ ${row}`)),
      ];
      return title + rows.map((row) => `${row}\n`).join('');
    })
    .join('');
}

function describeFlush(series: SimulatedSeries | undefined): string {
  if (series?.flush === undefined) return 'passed through';
  return series.flush === 'stop' ? 'stop' : `flush ${series.flush}`;
}

function groupByFlush(
  series: readonly SimulatedSeries[],
): Map<number | 'stop' | undefined, SimulatedSeries[]> {
  const groups = new Map<number | 'stop' | undefined, SimulatedSeries[]>();
  for (const one of series) {
    const group = groups.get(one.flush);
    if (group === undefined) groups.set(one.flush, [one]);
    else group.push(one);
  }
  return groups;
}

/** Rows of a table: name, type and tags only in the first of a series. */
function renderRows(series: readonly SimulatedSeries[], { hostname }: RenderSeriesOptions): string {
  return series
    .flatMap((one) =>
      cellsOf(one).map(([time, value], i) =>
        i === 0 ? row(one, time, value, hostname) : row(undefined, time, value, hostname),
      ),
    )
    .map((text) => `${INDENT}${text}\n`)
    .join('');
}

/** Rows that each say everything, so that they can be compared. */
function rowsOf(series: SimulatedSeries, { hostname }: RenderSeriesOptions): string[] {
  return cellsOf(series, Number.POSITIVE_INFINITY).map(([time, value]) => row(series, time, value, hostname));
}

function cellsOf(
  { points = [], sketches = [] }: SimulatedSeries,
  binsShown = BINS_SHOWN,
): (readonly [time: number, value: string])[] {
  return [
    ...points.map(([time, value]) => [time, showNumber(value)] as const),
    ...sketches.map((sketch) => [sketch.ts, describeSketch(sketch, binsShown)] as const),
  ];
}

function row(series: SimulatedSeries | undefined, time: number, value: string, hostname: string): string {
  const tags = series?.tags.map(escapeControls) ?? [];
  const host =
    series === undefined || series.host === hostname ? '' : `host ${escapeControls(series.host) || "''"}`;
  const cells = [
    padTo(escapeControls(series?.name ?? ''), NAME_WIDTH, 'right'),
    padTo(series?.type ?? '', TYPE_WIDTH, 'right'),
    padTo(String(time), TIME_WIDTH, 'left'),
    padTo(value, VALUE_WIDTH, 'right'),
    ...(tags.length === 0 ? [] : [tags.join(' ')]),
    host,
  ];
  return cells.join('  ').trimEnd();
}

function describeSketch({ cnt, min, max, sum, avg, k, n }: SketchPoint, binsShown: number): string {
  const moments = Object.entries({ min, max, sum, avg }).map(
    ([name, value]) => `${name} ${showNumber(value)}`,
  );
  const bins = k.map((key, i) => `${key}:${n[i]}`);
  const shown = bins.length > binsShown ? [...bins.slice(0, binsShown), '…'] : bins;
  return `count ${showNumber(cnt)} ${moments.join(' ')} bins ${shown.join(' ')}`;
}

/** As many digits as tell a value from its neighbours, without the noise of the last ones. */
function showNumber(value: EncodedNumber): string {
  return typeof value === 'number' ? String(Number(value.toPrecision(12))) : value;
}
