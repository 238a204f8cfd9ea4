/** The plot of one metric with its heading and legend, and the field that chooses another to compare it with. */
import { useMemo, useState } from 'preact/hooks';
import type { HistoryAnswer, SeriesAnswer } from '../../../src/model/live/series-views.ts';
import type { MetricTraffic, TopAnswer } from '../../../src/model/live/traffic-views.ts';
import { isPercentiles, joinFine, nameOf, seriesPlot } from '../lib/series-plot.ts';
import { Missing, Skeleton } from '../parts/controls.tsx';
import { Find } from '../parts/find.tsx';
import { useKeys } from '../parts/use-keys.ts';
import { WireText } from '../parts/wire-text.tsx';
import { SERIES_COLOURS } from '../plots/colour-names.ts';
import { Plot } from '../plots/plot.tsx';
import { queryOf } from '../state/live.ts';
import { change, place } from '../state/place.ts';
import { useResource } from '../state/resource.ts';
import { useStore } from '../state/store.ts';

/** Up to here cells of one second are worth asking for. */
const FINE_RANGE_S = 300;
const LIMIT = 5;
const SUGGESTIONS = 8;

interface Props {
  readonly name: string;
  readonly type: string | undefined;
  readonly range: number;
  readonly by: string | undefined;
  readonly height: number;
  readonly syncKey: string | undefined;
  readonly hasTitle: boolean;
}

export function SeriesPlot({ name, type, range, by, height, syncKey, hasTitle }: Props) {
  const { params } = useStore(place);
  const isFine = range <= FINE_RANGE_S;
  const query = { metric: name, range, by, type, limit: LIMIT };
  const { data: coarse, error } = useResource<SeriesAnswer>(`/api/series?${queryOf(query)}`, isFine ? 3 : 10);
  const { data: fine } = useResource<SeriesAnswer>(
    isFine ? `/api/series?${queryOf({ ...query, step: 1 })}` : undefined,
    1,
  );
  const { data: history } = useResource<HistoryAnswer>(`/api/history?range=${Math.max(range, 301)}`, 30);
  const isHeat = params.plot !== 'lines';
  const hasPercentiles = coarse !== undefined && isPercentiles(coarse.type);
  const isLog = params.scale === undefined ? coarse?.type === 'distribution' : params.scale === 'log';

  useKeys((key) => {
    if (!hasPercentiles || syncKey !== undefined) return false;
    if (key === 'h') change({ plot: isHeat ? 'lines' : undefined });
    else if (key === 'l') change({ scale: isLog ? 'linear' : 'log' });
    else return false;
    return true;
  });

  const spec = useMemo(() => {
    if (coarse === undefined) return undefined;
    const { answer, times } = joinFine(coarse, fine);
    const to =
      (times.at(-1) ?? 0) +
      (times.length > 1 ? (times.at(-1) as number) - (times.at(-2) as number) : answer.step);
    return seriesPlot(answer, times, {
      height,
      isLog,
      isHeat,
      by,
      from: Math.max(times[0] ?? 0, to - range),
      to,
      leftWidth: 48,
      marks: (history?.events ?? [])
        .filter(({ title }) => /^deploy/i.test(title))
        .slice(-8)
        .map(({ at, title }) => ({ at, label: title })),
      ...(syncKey !== undefined && { syncKey }),
    });
  }, [coarse, fine, history, height, isLog, isHeat, by, range]);

  if (spec === undefined || coarse === undefined) {
    return error === undefined ? (
      <Skeleton />
    ) : (
      <Missing title="No values are kept of it.">{error.message}</Missing>
    );
  }
  return (
    <section class={syncKey === undefined ? '' : 'compared'}>
      <h2 class="h">
        {hasTitle ? (
          <span class="m">
            <WireText text={name} max={80} />
          </span>
        ) : (
          TITLES[coarse.type]
        )}{' '}
        <small>
          {by === undefined ? 'all contexts' : `by ${by}`}
          {hasPercentiles && spec.isLog === true ? ', log scale' : ''}
        </small>
      </h2>
      <Plot spec={spec} />
      <Legend answer={coarse} isHeat={isHeat && by === undefined} by={by} hasKeys={syncKey === undefined} />
      {coarse.total.estimated && (
        <p class="sm fa">Percentiles over several contexts are estimated from those of each.</p>
      )}
      {coarse.held.leftOut !== '' && <p class="sm fa">{coarse.held.leftOut}</p>}
    </section>
  );
}

const TITLES: Readonly<Record<string, string>> = {
  counter: 'Per second',
  gauge: 'Values',
  histogram: 'Values',
  distribution: 'Values',
  set: 'Distinct values',
};

interface LegendProps {
  readonly answer: SeriesAnswer;
  readonly isHeat: boolean;
  readonly by: string | undefined;
  readonly hasKeys: boolean;
}

function Legend({ answer, isHeat, by, hasKeys }: LegendProps) {
  if (isPercentiles(answer.type) && by === undefined) {
    return (
      <div class="lg">
        {isHeat && answer.heat !== null && (
          <>
            <span>
              <i class="cell" />
              samples in a cell
            </span>
            <span>stronger is more</span>
          </>
        )}
        {hasKeys && (
          <span class="push hide keys-of-plot">
            <kbd>h</kbd> heat map / lines <kbd>l</kbd> linear / log
          </span>
        )}
      </div>
    );
  }
  const rows = answer.rows.slice(0, LIMIT);
  if (rows.length < 2 && answer.rest === null) return null;
  return (
    <div class="lg">
      {rows.map((row, at) => (
        <span key={`${row.host} ${row.tags.join()}`} class="el">
          <i class={SERIES_COLOURS[at] ?? 's5'} />
          <WireText text={nameOf(row, by)} max={60} />
        </span>
      ))}
      {answer.rest !== null && (
        <span>
          <i class="s5" />
          the rest
        </span>
      )}
    </div>
  );
}

/** Chooses the metric to compare with, by a part of its name. */
export function CompareField({ not, close }: { readonly not: string; readonly close: () => void }) {
  const [text, setText] = useState('');
  const { data } = useResource<TopAnswer<MetricTraffic>>(
    `/api/top?${queryOf({ by: 'samples', search: text, limit: SUGGESTIONS + 1 })}`,
  );
  const names = (data?.rows ?? []).map(({ name }) => name).filter((name) => name !== not);
  return (
    <section class="compare-field" aria-label="Compare with">
      <div class="gate-row">
        <Find value={text} label="Compare with" placeholder="Compare with …" change={setText} />
        <button type="button" class="btn" onClick={close}>
          Cancel
        </button>
      </div>
      <ul class="suggestions">
        {names.slice(0, SUGGESTIONS).map((name) => (
          <li key={name}>
            <button
              type="button"
              class="mn text-button"
              onClick={() => {
                change({ compare: name });
                close();
              }}
            >
              <WireText text={name} max={80} />
            </button>
          </li>
        ))}
      </ul>
    </section>
  );
}
