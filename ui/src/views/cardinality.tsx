/** Cardinality: how many contexts there are, what grows, which tag key is to blame, what dropping it would save. */
import { useEffect, useMemo } from 'preact/hooks';
import type { CardinalityView as CardinalityFacts } from '../../../src/model/live/server-views.ts';
import type { StreamTick } from '../../../src/model/live/stream-views.ts';
import type { MetricTraffic, TopAnswer } from '../../../src/model/live/traffic-views.ts';
import { axis, count, share, shareOfColumn } from '../format/numbers.ts';
import { span } from '../format/times.ts';
import type { Verdict as Sentence } from '../lib/verdict.ts';
import { Skeleton, usePhone } from '../parts/controls.tsx';
import { Page, useRange } from '../parts/page.tsx';
import { useKeys } from '../parts/use-keys.ts';
import { Verdict } from '../parts/verdict.tsx';
import { WireText } from '../parts/wire-text.tsx';
import { Plot } from '../plots/plot.tsx';
import type { PlotSpec } from '../plots/spec.ts';
import { formatRoute } from '../router.ts';
import { live } from '../state/live.ts';
import { change, go, place } from '../state/place.ts';
import { useResource } from '../state/resource.ts';
import { useStore } from '../state/store.ts';
import { DryRun } from './dry-run.tsx';
import { useTraffic } from './traffic-plot.tsx';

const ROWS = 30;
const GROWS_FROM = 100;
/** A metric that has this share of all contexts is named in the sentence. */
const LARGE_SHARE = 0.3;

export function CardinalityView() {
  const { params } = useStore(place);
  const tick = useStore(live.shown);
  const range = useRange(['5m', '30m', '2h'], '30m');
  const isPhone = usePhone();
  const sort = params.sort === 'new' ? 'new' : 'contexts';
  const { data: facts } = useResource<CardinalityFacts>('/api/cardinality', 5);
  const { data: top } = useResource<TopAnswer<MetricTraffic>>(
    `/api/top?by=contexts&sort=${sort}&limit=${ROWS}`,
    5,
  );
  useEffect(() => live.ask({ limit: 1 }), []);

  const rows = top?.rows ?? [];
  const chosen = params.metric ?? tick?.growing[0]?.name ?? rows[0]?.name;
  const move = (by: number): void => {
    const at = rows.findIndex(({ name }) => name === chosen);
    const next = rows[Math.max(0, Math.min(rows.length - 1, at + by))];
    if (next !== undefined) change({ metric: next.name, key: undefined });
  };
  useKeys((key) => {
    if (key === 'j' || key === 'ArrowDown') move(1);
    else if (key === 'k' || key === 'ArrowUp') move(-1);
    else if (key === 'Enter' && chosen !== undefined) go('metrics', chosen);
    else return false;
    return true;
  });

  if (tick === undefined || facts === undefined || top === undefined) {
    return (
      <Page name="Cardinality" title={<h1>Cardinality</h1>} tools={range.buttons}>
        <Skeleton />
      </Page>
    );
  }
  const limits = <Limits facts={facts} isPhone={isPhone} />;
  const pane =
    chosen === undefined ? null : (
      <DryRun
        key={chosen}
        metric={chosen}
        wanted={params.key}
        row={rows.find(({ name }) => name === chosen)}
        isPhone={isPhone}
      />
    );
  return (
    <Page name="Cardinality" title={<h1>Cardinality</h1>} tools={range.buttons}>
      <div class="two narrow-aside">
        <div>
          <Verdict verdict={sentenceOf(tick, facts, rows)} />
          <p class="under-verdict">{paceOf(tick, facts)}</p>
          <ContextsPlot seconds={range.seconds} isGrowing={tick.newContextsPerMinute >= GROWS_FROM} />
          <section class="sec">
            <h2>
              Metrics by contexts{' '}
              <small>which tag key is to blame, and about what is left when it is dropped</small>
            </h2>
            {rows.length === 0 ? (
              <p class="mu">No metrics yet.</p>
            ) : isPhone ? (
              <Cards rows={rows} chosen={chosen} />
            ) : (
              <Table rows={rows} chosen={chosen} all={tick.contexts} sort={sort} />
            )}
          </section>
          {isPhone ? null : limits}
        </div>
        {pane}
        {isPhone && limits}
      </div>
    </Page>
  );
}

function sentenceOf(tick: StreamTick, facts: CardinalityFacts, rows: readonly MetricTraffic[]): Sentence {
  const all = `${count(tick.contexts)} ${tick.contexts === 1 ? 'context' : 'contexts'}`;
  const over = facts.reports.find(({ active }) => active);
  if (over !== undefined) return { tone: 'wa', text: `${over.metric} is over ${over.key}.` };
  const largest = rows.reduce<MetricTraffic | undefined>(
    (most, row) => (row.contexts > (most?.contexts ?? 0) ? row : most),
    undefined,
  );
  const isLarge =
    largest !== undefined && rows.length > 1 && largest.contexts / Math.max(1, tick.contexts) >= LARGE_SHARE;
  const tone = tick.growing.length > 0 ? 'wa' : 'ok';
  if (isLarge)
    return { tone, text: `${all}, ${share(largest.contexts, tick.contexts)} of them belong to one metric.` };
  return { tone, text: `${all}.` };
}

function paceOf(tick: StreamTick, facts: CardinalityFacts): string {
  const { contexts, contextsMax, newContextsPerMinute: pace } = tick;
  const parts: string[] = [];
  if (contextsMax > 0) parts.push(`${share(contexts, contextsMax)} of limits.contexts.`);
  if (contextsMax > 0 && pace >= 1) {
    parts.push(
      `At +${count(Math.round(pace))} a minute that is reached in ${span(((contextsMax - contexts) / pace) * 60)}.`,
    );
  }
  if (!facts.reports.some(({ active }) => active)) parts.push('No limit is exceeded.');
  return parts.join(' ');
}

function ContextsPlot({ seconds, isGrowing }: { readonly seconds: number; readonly isGrowing: boolean }) {
  const traffic = useTraffic(seconds);
  const spec = useMemo((): PlotSpec | undefined => {
    if (traffic === undefined) return undefined;
    const { times, step, contexts } = traffic;
    return {
      label: 'Contexts',
      summary: `${count(contexts.at(-1) ?? null)} now`,
      times,
      from: times[0] ?? 0,
      to: (times.at(-1) ?? 0) + step,
      fromZero: true,
      height: 150,
      leftWidth: 42,
      lines: [{ label: 'contexts', values: contexts, colour: isGrowing ? 'warn-mark' : 's1', fill: 0.18 }],
      format: count,
      formatAxis: axis,
    };
  }, [traffic, isGrowing]);
  return spec === undefined ? <Skeleton /> : <Plot spec={spec} />;
}

interface RowsProps {
  readonly rows: readonly MetricTraffic[];
  readonly chosen: string | undefined;
}

const choose = (name: string): void => change({ metric: name, key: undefined });

/** What is left at the least when a key with so many values is dropped; the dry run counts. */
function leftWithout({ contexts, tagValues }: MetricTraffic): string {
  return tagValues === null || tagValues < 2 ? '–' : `~${count(Math.ceil(contexts / tagValues))}`;
}

function Table({ rows, chosen, all, sort }: RowsProps & { readonly all: number; readonly sort: string }) {
  const head = (name: string, text: string) => (
    <th scope="col" class="r" aria-sort={sort === name ? 'descending' : 'none'}>
      <button type="button" onClick={() => change({ sort: name === 'contexts' ? undefined : name })}>
        {text}
        {sort === name && ' ↓'}
      </button>
    </th>
  );
  return (
    <div class="scroll-x">
      <table class="pad">
        <thead>
          <tr>
            <th scope="col">metric</th>
            {head('contexts', 'contexts')}
            <th scope="col">share of all</th>
            {head('new', 'new/min')}
            <th scope="col" class="gap">
              to blame
            </th>
            <th scope="col" class="r">
              values
            </th>
            <th scope="col" class="r">
              left then
            </th>
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => {
            const isGrowing = row.newPerMinute >= GROWS_FROM;
            return (
              <tr
                key={row.name}
                class={row.name === chosen ? 'click sel' : 'click'}
                onClick={() => choose(row.name)}
              >
                <td class="mn name-cell">
                  <button type="button" class="plain-button el" aria-pressed={row.name === chosen}>
                    <WireText text={row.name} max={60} />
                  </button>
                </td>
                <td class={isGrowing ? 'r wa b' : 'r'}>{count(row.contexts)}</td>
                <td>
                  <span class="share">
                    <span class="meter">
                      <i
                        class={isGrowing ? 'wa' : 'fa'}
                        style={{ width: `${Math.max(1, (row.contexts / Math.max(1, all)) * 100)}%` }}
                      />
                    </span>
                    <span class="sm mu">{shareOfColumn(row.contexts, all)}</span>
                  </span>
                </td>
                <td class={isGrowing ? 'r wa b' : row.newPerMinute === 0 ? 'r fa' : 'r'}>
                  +{count(Math.round(row.newPerMinute))}
                </td>
                <td class="m gap">
                  {row.tagKey === null ? <span class="fa">–</span> : <WireText text={row.tagKey} max={30} />}
                </td>
                <td class="r">{count(row.tagValues)}</td>
                <td class="r">{leftWithout(row)}</td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </div>
  );
}

function Cards({ rows, chosen }: RowsProps) {
  return (
    <div class="cards">
      {rows.map((row) => (
        <button
          type="button"
          key={row.name}
          class={row.name === chosen ? 'row2 card sel' : 'row2 card'}
          aria-pressed={row.name === chosen}
          onClick={() => choose(row.name)}
        >
          <span class="mn el">
            <WireText text={row.name} max={60} />
          </span>
          <span class={row.newPerMinute >= GROWS_FROM ? 'wa b' : ''}>{count(row.contexts)}</span>
          <span class="sub el">
            {row.tagKey !== null && (
              <>
                <code>
                  <WireText text={row.tagKey} max={20} />
                </code>{' '}
                {count(row.tagValues)} values, {leftWithout(row)} left without
              </>
            )}
          </span>
          <span class={row.newPerMinute >= GROWS_FROM ? 'sm wa' : 'sm fa'}>
            +{count(Math.round(row.newPerMinute))}/min
          </span>
        </button>
      ))}
    </div>
  );
}

function Limits({ facts, isPhone }: { readonly facts: CardinalityFacts; readonly isPhone: boolean }) {
  const [largest] = facts.largest;
  const highest: Readonly<Record<string, readonly [number, string]>> = {
    contexts: [facts.contexts, ''],
    ...(largest !== undefined && { contexts_per_metric: [largest.contexts, largest.metric] as const }),
  };
  const names = Object.keys(facts.limits).filter((name) => typeof facts.limits[name] === 'number');
  return (
    <section class="sec">
      <h2>
        Limits {facts.limits.dry_run === true && <small>only reported, because limits.dry_run is on</small>}
      </h2>
      <div class="scroll-x">
        <table class="pad">
          <thead>
            <tr>
              <th scope="col">limit</th>
              <th scope="col" class="r">
                configured
              </th>
              <th scope="col" class="r">
                highest now
              </th>
              {!isPhone && (
                <th scope="col" class="gap">
                  by
                </th>
              )}
              {!isPhone && (
                <th scope="col" class="r">
                  samples beyond
                </th>
              )}
            </tr>
          </thead>
          <tbody>
            {names.map((name) => {
              const configured = facts.limits[name] as number;
              const [now, by] = highest[name] ?? [null, ''];
              const beyond = facts.samplesOver[name] ?? 0;
              return (
                <tr key={name}>
                  <td class="m">limits.{name}</td>
                  <td class={configured === 0 ? 'r fa' : 'r'}>
                    {configured === 0 ? 'off' : count(configured)}
                  </td>
                  <td class="r">{count(now)}</td>
                  {!isPhone && (
                    <td class="m mu gap">
                      {by !== '' && (
                        <a class="plain" href={formatRoute('metrics', by)}>
                          <WireText text={by} max={40} />
                        </a>
                      )}
                    </td>
                  )}
                  {!isPhone && <td class={beyond === 0 ? 'r fa' : 'r wa b'}>{count(beyond)}</td>}
                </tr>
              );
            })}
          </tbody>
        </table>
      </div>
    </section>
  );
}
