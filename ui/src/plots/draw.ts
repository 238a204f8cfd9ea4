/** What a plot has beside lines: the cells of a heat map, events, losses, and names at the right end. */
import type uPlot from 'uplot';
import { colour, faded } from './colour.ts';
import { type PlotSpec, stack } from './spec.ts';

const FONT =
  '-apple-system, BlinkMacSystemFont, "Segoe UI", Inter, Roboto, "Noto Sans", "DejaVu Sans", sans-serif';
/** Weakest and strongest cell, as parts of the accent colour. */
const CELL_WEAK = 0.06;
const CELL_STRONG = 0.86;
const LABEL_HEIGHT = 12;
const LABEL_CHARS = 32;

/** A cell is the stronger the more samples it has of the most in its column: by the square root. */
export function drawHeat(plot: uPlot, { heat, times }: PlotSpec): void {
  if (heat === undefined || heat === null) return;
  const { ctx, bbox } = plot;
  const ratio = devicePixelRatio || 1;
  ctx.save();
  ctx.beginPath();
  ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
  ctx.clip();
  const edges = heat.bounds.map((bound) => edgeOf(plot, bound));
  const fills = new Map<number, string>();
  heat.cells.forEach((cell, at) => {
    const start = times[at];
    if (cell === null || start === undefined) return;
    const most = Math.max(...cell);
    if (most === 0) return;
    const left = plot.valToPos(start, 'x', true);
    const end = times[at + 1] ?? start + (start - (times[at - 1] ?? start - 1));
    const width = plot.valToPos(end, 'x', true) - left - Math.min(ratio / 2, 0.5);
    cell.forEach((count, row) => {
      if (count === 0) return;
      const bottom = edges[row] as number;
      const top = edges[row + 1] as number;
      // A hundred shades are more than can be told apart, and few enough to keep.
      const shade = Math.round((CELL_WEAK + (CELL_STRONG - CELL_WEAK) * Math.sqrt(count / most)) * 100) / 100;
      let fill = fills.get(shade);
      if (fill === undefined) {
        fill = faded('s1', shade);
        fills.set(shade, fill);
      }
      ctx.fillStyle = fill;
      ctx.fillRect(left, top, Math.max(1, width), Math.max(1, bottom - top - ratio / 2));
    });
  });
  ctx.restore();
}

/** On a logarithmic axis what is not above its lowest value is at its foot. */
function edgeOf(plot: uPlot, bound: number): number {
  const scale = plot.scales.y;
  const isBelow = scale?.distr === 3 && bound <= 0;
  return isBelow ? plot.bbox.top + plot.bbox.height : plot.valToPos(bound, 'y', true);
}

/** Events as dotted lines with their title, losses as red marks with their number. */
export function drawMarks(plot: uPlot, { marks = [], lossMarks = [], from, to }: PlotSpec): void {
  const { ctx, bbox } = plot;
  const ratio = devicePixelRatio || 1;
  ctx.save();
  ctx.textAlign = 'center';
  let free = Number.NEGATIVE_INFINITY;
  for (const { at, label } of marks) {
    if (at < from || at > to) continue;
    const x = plot.valToPos(at, 'x', true);
    ctx.strokeStyle = colour('muted');
    ctx.lineWidth = ratio;
    ctx.setLineDash([2 * ratio, 3 * ratio]);
    ctx.beginPath();
    ctx.moveTo(x, bbox.top - 4 * ratio);
    ctx.lineTo(x, bbox.top + bbox.height);
    ctx.stroke();
    ctx.font = `${11 * ratio}px ${FONT}`;
    const text = label.length > LABEL_CHARS ? `${label.slice(0, LABEL_CHARS - 1)}…` : label;
    const half = ctx.measureText(text).width / 2;
    const middle = Math.max(bbox.left + half, Math.min(bbox.left + bbox.width - half, x));
    // A title that would lie on the one before it is left out; its line stays.
    if (middle - half < free) continue;
    free = middle + half + 8 * ratio;
    ctx.fillStyle = colour('muted');
    ctx.fillText(text, middle, bbox.top - 9 * ratio);
  }
  ctx.setLineDash([]);
  free = Number.NEGATIVE_INFINITY;
  for (const { at, label } of lossMarks) {
    if (at < from || at > to) continue;
    const x = plot.valToPos(at, 'x', true);
    const foot = bbox.top + bbox.height;
    ctx.fillStyle = colour('lost');
    ctx.fillRect(x - 3 * ratio, foot - 3 * ratio, 7 * ratio, 6 * ratio);
    ctx.font = `600 ${11 * ratio}px ${FONT}`;
    const half = ctx.measureText(label).width / 2;
    const middle = Math.max(bbox.left + half, Math.min(bbox.left + bbox.width - half, x));
    if (middle - half < free) continue;
    free = middle + half + 8 * ratio;
    ctx.lineWidth = 3 * ratio;
    ctx.lineJoin = 'round';
    ctx.strokeStyle = colour('surface');
    ctx.strokeText(label, middle, foot - 8 * ratio);
    ctx.fillText(label, middle, foot - 8 * ratio);
  }
  ctx.restore();
}

/** Names at the right end of their lines, moved apart where they would meet. */
export function drawEndLabels(plot: uPlot, spec: PlotSpec): void {
  const { ctx, bbox } = plot;
  const ratio = devicePixelRatio || 1;
  const sums = spec.isStacked ? stack(spec.lines) : spec.lines.map(({ values }) => [...values]);
  const labels = spec.lines.flatMap(({ endLabel, colour: name }, at) => {
    const last = lastOf(sums[at] as readonly (number | null)[]);
    if (endLabel === undefined || last === undefined || (spec.isLog && last <= 0)) return [];
    // In a stack a name stands in the middle of its area.
    const below = spec.isStacked && at > 0 ? (lastOf(sums[at - 1] as readonly (number | null)[]) ?? 0) : 0;
    const value = spec.isStacked ? (last + below) / 2 : last;
    // An area without height has nothing to name.
    if (spec.isStacked && last - below <= 0) return [];
    return [{ text: endLabel, name, y: plot.valToPos(value, 'y', true) }];
  });
  labels.sort((a, b) => a.y - b.y);
  labels.forEach((label, at) => {
    const above = labels[at - 1];
    if (above !== undefined && label.y - above.y < LABEL_HEIGHT * ratio)
      label.y = above.y + LABEL_HEIGHT * ratio;
  });
  ctx.save();
  ctx.font = `600 ${11 * ratio}px ${FONT}`;
  ctx.textAlign = 'left';
  ctx.textBaseline = 'middle';
  for (const { text, name, y } of labels) {
    ctx.fillStyle = colour(name);
    ctx.fillText(text, bbox.left + bbox.width + 7 * ratio, Math.min(y, bbox.top + bbox.height));
  }
  ctx.restore();
}

function lastOf(values: readonly (number | null)[]): number | undefined {
  for (let at = values.length - 1; at >= 0; at--) {
    const one = values[at];
    if (one !== null && one !== undefined) return one;
  }
  return undefined;
}
