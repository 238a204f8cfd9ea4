/**
 * A plot over time: lines, areas, a band, a heat map, marks. uPlot draws the axes and lines, the rest is drawn into
 * its canvas by its hooks (draw.ts).
 *
 * It is built once for each shape (kinds of lines, scale, theme) and then only given data. The pointer and the arrow
 * keys move a cursor whose exact values stand in a box; T shows all of it as a table, for those who do not see it.
 */
import { useEffect, useId, useLayoutEffect, useRef, useState } from 'preact/hooks';
import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import { clock } from '../format/times.ts';
import { useStore } from '../state/store.ts';
import { colours } from '../state/theme.ts';
import type { PlotSpec } from './spec.ts';
import { PlotTable } from './table.tsx';
import { dataOf, optionsOf, shapeOf } from './uplot-options.ts';

interface Pointed {
  readonly index: number;
  readonly left: number;
}

export function Plot({ spec }: { readonly spec: PlotSpec }) {
  const box = useRef<HTMLElement>(null);
  const frame = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot>(undefined);
  const newest = useRef(spec);
  newest.current = spec;
  const [pointed, setPointed] = useState<Pointed>();
  const [isTable, setTable] = useState(false);
  const theme = useStore(colours);
  const id = useId();
  const shape = `${shapeOf(spec)} ${theme}`;

  useLayoutEffect(() => {
    const parent = frame.current as HTMLDivElement;
    const made = new uPlot(
      optionsOf(newest, parent.clientWidth, (index, left) => {
        setPointed(index === undefined ? undefined : { index, left });
      }),
      dataOf(newest.current),
      parent,
    );
    plot.current = made;
    const observer = new ResizeObserver(() => {
      if (parent.clientWidth > 0) made.setSize({ width: parent.clientWidth, height: newest.current.height });
    });
    observer.observe(parent);
    return () => {
      observer.disconnect();
      made.destroy();
    };
  }, [shape]);

  useEffect(() => {
    plot.current?.setData(dataOf(spec));
  }, [spec]);

  const move = (by: number): void => {
    const made = plot.current;
    if (made === undefined) return;
    const last = spec.times.length - 1;
    const index = Math.max(0, Math.min(last, (pointed?.index ?? last + (by < 0 ? 1 : -1)) + by));
    const at = spec.times[index];
    if (at !== undefined) made.setCursor({ left: made.valToPos(at, 'x'), top: 10 });
  };

  return (
    <figure ref={box} class="plot" aria-label={spec.label}>
      <div
        ref={frame}
        class="plot-frame"
        role="img"
        aria-label={`${spec.label}: ${spec.summary}`}
        aria-describedby={`${id}-keys`}
        tabIndex={0}
        onKeyDown={(event) => {
          if (event.ctrlKey || event.metaKey || event.altKey) return;
          if (event.key === 'ArrowLeft') move(event.shiftKey ? -10 : -1);
          else if (event.key === 'ArrowRight') move(event.shiftKey ? 10 : 1);
          else if (event.key === 'T') setTable(!isTable);
          else if (event.key === 'Escape' && pointed !== undefined)
            plot.current?.setCursor({ left: -10, top: -10 });
          else return;
          event.preventDefault();
          event.stopPropagation();
        }}
      />
      <span id={`${id}-keys`} class="sr">
        Left and right move the cursor, capital T shows a table.
      </span>
      {pointed !== undefined && <Tip spec={spec} pointed={pointed} width={frame.current?.clientWidth ?? 0} />}
      {isTable && <PlotTable spec={spec} close={() => setTable(false)} />}
    </figure>
  );
}

/** Exact values under the cursor, one column, on the side that has room. */
function Tip({ spec, pointed, width }: { spec: PlotSpec; pointed: Pointed; width: number }) {
  const at = spec.times[pointed.index];
  if (at === undefined) return null;
  const isRight = pointed.left > width / 2;
  const edge = { [isRight ? 'right' : 'left']: `${(isRight ? width - pointed.left : pointed.left) + 12}px` };
  return (
    <div class="tip" style={edge} role="status" aria-live="polite">
      <span class="tip-time">{clock(at * 1000, Date.now())}</span>
      {spec.lines.map((line) => (
        <TipRow key={line.label} label={line.label} text={spec.format(line.values[pointed.index] ?? null)} />
      ))}
      {(spec.extra ?? []).map(({ label, values, format }) => (
        <TipRow key={label} label={label} text={format(values[pointed.index] ?? null)} />
      ))}
    </div>
  );
}

function TipRow({ label, text }: { label: string; text: string }) {
  return (
    <>
      <span class="el">
        <bdi>{label}</bdi>
      </span>
      <b>{text}</b>
    </>
  );
}
