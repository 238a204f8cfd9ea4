/** Lines per second by listener, with events and losses: the history of the server, continued by the stream. */
import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import type { HistoryAnswer } from '../../../src/model/live/series-views.ts';
import { axis, plural, rate } from '../format/numbers.ts';
import { type Second, secondOf, trafficOf } from '../lib/history.ts';
import { Skeleton } from '../parts/controls.tsx';
import { SERIES_COLOURS } from '../plots/colour-names.ts';
import { Plot } from '../plots/plot.tsx';
import type { PlotSpec } from '../plots/spec.ts';
import { live } from '../state/live.ts';
import { useResource } from '../state/resource.ts';
import { useStore } from '../state/store.ts';
import { nameOf } from './overview-tables.tsx';

const SECONDS_KEPT = 400;
/** How often the server's own history is asked for again, which closes what the stream has missed. */
const AGAIN_S = 30;
const AGAIN_LONG_S = 10;
const DEPLOYS_MAX = 8;
/** Listeners with less of all lines than this have no line of their own. */
const THIN_SHARE = 0.02;

export function useTraffic(seconds: number) {
  const { data } = useResource<HistoryAnswer>(
    `/api/history?range=${seconds}`,
    seconds > 300 ? AGAIN_LONG_S : AGAIN_S,
  );
  const tick = useStore(live.shown);
  const seen = useRef<Second[]>([]);
  const [length, setLength] = useState(0);
  useEffect(() => {
    if (tick === undefined) return;
    const second = secondOf(tick);
    if (seen.current.at(-1)?.at === second.at) return;
    seen.current = [...seen.current.slice(-SECONDS_KEPT), second];
    setLength((n) => n + 1);
  }, [tick]);
  return useMemo(
    () => (data === undefined ? undefined : trafficOf(data, seen.current, seconds)),
    [data, length, seconds],
  );
}

export function TrafficPlot({ seconds, height }: { readonly seconds: number; readonly height: number }) {
  const traffic = useTraffic(seconds);
  const spec = useMemo((): PlotSpec | undefined => {
    if (traffic === undefined) return undefined;
    const { times, step, byListener, events, lost } = traffic;
    const busy = byListener.filter(({ values }, at) => at === 0 || values.some((one) => (one ?? 0) > 0));
    // What is too thin to be seen is not drawn over what is; the box under the cursor has it.
    const sums = busy.map(({ values }) => values.reduce<number>((sum, one) => sum + (one ?? 0), 0));
    const all = sums.reduce((sum, one) => sum + one, 0);
    const isThin = (at: number): boolean => at > 0 && (sums[at] ?? 0) < all * THIN_SHARE;
    const now = busy.map(({ listener, values }) => `${nameOf({ listener })} ${rate(values.at(-1) ?? null)}`);
    return {
      label: 'Lines per second by listener',
      summary: now.join(', '),
      times,
      from: times[0] ?? 0,
      to: (times.at(-1) ?? 0) + step,
      isStacked: true,
      fromZero: true,
      height,
      leftWidth: 42,
      lines: busy.map(({ listener, values }, at) => ({
        label: nameOf({ listener }),
        values,
        colour: SERIES_COLOURS[Math.min(at, SERIES_COLOURS.length - 1)] ?? 's5',
        fill: at === 0 ? 0.14 : 0.2,
        ...(isThin(at) ? { isEdge: true } : { endLabel: nameOf({ listener }) }),
      })),
      marks: events
        .filter(({ title }) => /^deploy/i.test(title))
        .slice(-DEPLOYS_MAX)
        .map(({ at, title }) => ({ at, label: title })),
      lossMarks: lost.map(({ at, count: n }) => ({ at, label: `${plural(n, 'packet')} lost` })),
      format: (one) => (one === null ? '–' : `${rate(one)}/s`),
      formatAxis: axis,
    };
  }, [traffic, height]);
  if (spec === undefined) return <Skeleton />;
  return <Plot spec={spec} />;
}
