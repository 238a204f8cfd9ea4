/** A plot's options for uPlot, from what it shows. The options read the newest data, so that they are made once. */
import type uPlot from 'uplot';
import { shortClock } from '../format/times.ts';
import { colour, faded } from './colour.ts';
import { drawEndLabels, drawHeat, drawMarks } from './draw.ts';
import { linearAxis, logAxis, type Range, timeTicks } from './scale.ts';
import { type PlotSpec, stack } from './spec.ts';

const FONT =
  '11px -apple-system, BlinkMacSystemFont, "Segoe UI", Inter, Roboto, "Noto Sans", "DejaVu Sans", sans-serif';
const TOP_WITH_MARKS = 22;

/** Plots of one shape differ in data only. */
export function shapeOf(spec: PlotSpec): string {
  const lines = spec.lines.map(({ label, colour: name, dash, fill, isEdge, endLabel }) =>
    [label, name, dash, fill, isEdge, endLabel].join(),
  );
  return JSON.stringify([
    lines,
    spec.isStacked,
    spec.isLog,
    spec.band,
    spec.height,
    spec.leftWidth,
    spec.syncKey,
  ]);
}

export function dataOf(spec: PlotSpec): uPlot.AlignedData {
  const values = spec.isStacked
    ? stack(spec.lines)
    : spec.lines.map((line) => positive(line.values, spec.isLog));
  return [spec.times, ...values] as unknown as uPlot.AlignedData;
}

export function optionsOf(
  newest: { readonly current: PlotSpec },
  width: number,
  point: (index: number | undefined, left: number) => void,
): uPlot.Options {
  const spec = newest.current;
  const hasEndLabels = spec.lines.some(({ endLabel }) => endLabel !== undefined);
  return {
    width,
    height: spec.height,
    padding: [TOP_WITH_MARKS, hasEndLabels || spec.syncKey !== undefined ? 38 : 8, 0, 0],
    legend: { show: false },
    cursor: {
      y: false,
      drag: { x: false, y: false },
      points: { size: 5 },
      ...(spec.syncKey === undefined ? {} : { sync: { key: spec.syncKey, setSeries: false } }),
    },
    scales: {
      x: { time: true, range: () => [newest.current.from, newest.current.to] },
      y: {
        distr: spec.isLog ? 3 : 1,
        range: () => {
          const { min, max } = axisOf(newest.current);
          return [min, max];
        },
      },
    },
    axes: [timeAxis(newest), valueAxis(newest)],
    series: [{}, ...spec.lines.map((line, at) => seriesOf(line, at, spec))],
    bands: bandsOf(spec),
    hooks: {
      drawAxes: [(plot) => drawHeat(plot, newest.current)],
      draw: [(plot) => drawMarks(plot, newest.current), (plot) => drawEndLabels(plot, newest.current)],
      setCursor: [
        (plot) => point(plot.cursor.idx ?? undefined, (plot.cursor.left ?? 0) + plot.over.offsetLeft),
      ],
    },
  };
}

function seriesOf(line: PlotSpec['lines'][number], at: number, spec: PlotSpec): uPlot.Series {
  const isLowest = at === 0;
  return {
    label: line.label,
    stroke: line.isEdge ? 'transparent' : colour(line.colour),
    width: line.isEdge ? 0 : (line.width ?? 1.5),
    points: { show: isLonely },
    ...(line.dash === undefined ? {} : { dash: [...line.dash] }),
    ...(line.fill === undefined || (spec.isStacked && !isLowest)
      ? {}
      : { fill: faded(line.colour, line.fill) }),
  };
}

/** A value without neighbours makes no line: it is drawn as a point. */
function isLonely(plot: uPlot, seriesIndex: number): boolean {
  const values = plot.data[seriesIndex] as readonly (number | null)[];
  let known = 0;
  for (const one of values) if (one !== null && ++known > 1) return false;
  return known === 1;
}

function bandsOf(spec: PlotSpec): uPlot.Band[] {
  if (spec.band !== undefined) {
    const [upper, lower] = spec.band;
    return [{ series: [upper + 1, lower + 1], fill: faded(spec.lines[upper]?.colour ?? 's1', 0.14) }];
  }
  if (!spec.isStacked) return [];
  return spec.lines.slice(1).map((line, at) => ({
    series: [at + 2, at + 1] as [number, number],
    fill: faded(line.colour, line.fill ?? 0.2),
  }));
}

function timeAxis(newest: { readonly current: PlotSpec }): uPlot.Axis {
  return {
    stroke: colour('faint'),
    font: FONT,
    size: 22,
    gap: 4,
    grid: { show: false },
    ticks: { show: false },
    splits: (plot) => {
      const { from, to } = newest.current;
      return timeTicks(from, to, plot.over.clientWidth, -new Date(from * 1000).getTimezoneOffset() * 60);
    },
    values: (_, ticks) => {
      const isShort = ticks.some((tick) => tick % 60 !== 0);
      return ticks.map((tick) =>
        isShort
          ? `${shortClock(tick * 1000)}:${String(Math.floor(tick % 60)).padStart(2, '0')}`
          : shortClock(tick * 1000),
      );
    },
  };
}

function valueAxis(newest: { readonly current: PlotSpec }): uPlot.Axis {
  return {
    stroke: colour('faint'),
    font: FONT,
    size: newest.current.leftWidth ?? 44,
    gap: 8,
    grid: { stroke: colour('grid'), width: 1 },
    ticks: { show: false },
    splits: () => axisOf(newest.current).ticks,
    values: (_, ticks) => ticks.map((tick) => newest.current.formatAxis(tick)),
    // uPlot leaves out the labels of a logarithmic axis that it finds too close; ours are chosen already.
    filter: (_, ticks) => ticks,
  };
}

/** The range of the values of a plot, and its ticks. */
function axisOf(spec: PlotSpec): Range & { readonly ticks: number[] } {
  let low = Number.POSITIVE_INFINITY;
  let high = Number.NEGATIVE_INFINITY;
  const see = (one: number | null | undefined): void => {
    if (one === null || one === undefined || (spec.isLog && one <= 0)) return;
    if (one < low) low = one;
    if (one > high) high = one;
  };
  for (const values of spec.isStacked ? stack(spec.lines) : spec.lines.map((line) => line.values))
    values.forEach(see);
  for (const bound of heatExtent(spec)) see(bound);
  if (low > high) return linearAxis(0, 0, true);
  return spec.isLog ? logAxis(low, high) : linearAxis(low, high, spec.fromZero ?? false);
}

/** The lowest and the highest bound of a row with samples. */
function heatExtent({ heat }: PlotSpec): number[] {
  if (heat === undefined || heat === null) return [];
  let first = Number.POSITIVE_INFINITY;
  let last = -1;
  for (const cell of heat.cells) {
    cell?.forEach((count, row) => {
      if (count === 0) return;
      if (row < first) first = row;
      if (row > last) last = row;
    });
  }
  return last < 0 ? [] : [heat.bounds[first] as number, heat.bounds[last + 1] as number];
}

/** A logarithmic axis has no place for what is not above zero. */
function positive(
  values: PlotSpec['lines'][number]['values'],
  isLog = false,
): PlotSpec['lines'][number]['values'] {
  return isLog ? values.map((one) => (one === null || one > 0 ? one : null)) : values;
}
