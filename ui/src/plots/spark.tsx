/** A small line that shows the shape of the last minutes: from zero, no axes. A gap stays a gap. */
import { useLayoutEffect, useRef } from 'preact/hooks';
import { useStore } from '../state/store.ts';
import { colours } from '../state/theme.ts';
import { colour } from './colour.ts';

interface SparkProps {
  readonly values: readonly (number | null)[];
  readonly width: number;
}

const HEIGHT = 20;
const PAD = 1.5;

export function Spark({ values, width }: SparkProps) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const theme = useStore(colours);
  useLayoutEffect(() => {
    if (canvas.current !== null) draw(canvas.current, values, width);
  }, [values, width, theme]);
  return <canvas ref={canvas} class="spark" width={width} height={HEIGHT} aria-hidden="true" />;
}

/** Cells without the last, which has only begun and would look like a fall; a metric that is new has no other. */
export function wholeCells(cells: readonly number[]): readonly number[] {
  const whole = cells.slice(0, -1);
  return whole.some((one) => one > 0) ? whole : cells;
}

function draw(canvas: HTMLCanvasElement, values: readonly (number | null)[], width: number): void {
  const ratio = devicePixelRatio || 1;
  canvas.width = Math.round(width * ratio);
  canvas.height = Math.round(HEIGHT * ratio);
  canvas.style.width = `${width}px`;
  canvas.style.height = `${HEIGHT}px`;
  const pen = canvas.getContext('2d');
  if (pen === null) return;
  pen.scale(ratio, ratio);
  const top = values.reduce<number>((most, one) => Math.max(most, one ?? 0), 0);
  const step = width / Math.max(1, values.length - 1);
  const y = (one: number): number => HEIGHT - PAD - (top === 0 ? 0 : (one / top) * (HEIGHT - 2 * PAD - 1));
  pen.lineWidth = 1.25;
  pen.lineJoin = 'round';
  pen.strokeStyle = colour(top > 0 ? 's1' : 'line2');
  pen.beginPath();
  let isDown = false;
  values.forEach((one, at) => {
    if (one === null) {
      isDown = false;
      return;
    }
    if (isDown) pen.lineTo(at * step, y(one));
    else pen.moveTo(at * step, y(one));
    isDown = true;
  });
  pen.stroke();
}
