/** One metric: its figures, its plot, its contexts, tag keys, senders and rules; and another beside it to compare. */
import { useEffect, useState } from 'preact/hooks';
import type { ConfigViewOf } from '../../../src/model/live/server-views.ts';
import type { MetricTraffic, TopAnswer } from '../../../src/model/live/traffic-views.ts';
import type { MetricView as MetricFacts } from '../../../src/model/views/context-views.ts';
import { count, percentile, plural, rate, share, value } from '../format/numbers.ts';
import { age, clock } from '../format/times.ts';
import { type Rule, ruleFor, ruleText } from '../lib/rules.ts';
import { isPercentiles } from '../lib/series-plot.ts';
import { Bytes, copyText, Missing, Skeleton, usePhone } from '../parts/controls.tsx';
import { Icon } from '../parts/icon.tsx';
import { Page, useRange } from '../parts/page.tsx';
import { useKeys } from '../parts/use-keys.ts';
import { WireText } from '../parts/wire-text.tsx';
import { formatRoute } from '../router.ts';
import { live, queryOf } from '../state/live.ts';
import { change, go, place } from '../state/place.ts';
import { useResource } from '../state/resource.ts';
import { useSenders } from '../state/senders.ts';
import { useStore } from '../state/store.ts';
import { ContextsTable } from './metric-contexts.tsx';
import { nameOf } from './overview-tables.tsx';
import { CompareField, SeriesPlot } from './series-plot-view.tsx';

const EXAMPLES_SHOWN = 3;
const SENDERS_SHOWN = 6;

/** The row of a metric in the statistics, refreshed by the stream. */
function useTraffic(name: string): MetricTraffic | undefined {
  const { data } = useResource<TopAnswer<MetricTraffic>>(
    `/api/top?${queryOf({ by: 'samples', search: exactly(name), limit: 1 })}`,
    5,
  );
  const tick = useStore(live.shown);
  useEffect(() => live.ask({ sort: 'rate', limit: 1, search: exactly(name), metric: name }), [name]);
  const fresh = tick?.top.rows.find((row) => row.name === name);
  return fresh ?? data?.rows.find((row) => row.name === name);
}

/** How a search asks for one name and no other. */
function exactly(name: string): string {
  return `name:${name}`;
}

export function MetricView({ name }: { readonly name: string }) {
  const { params } = useStore(place);
  const isPhone = usePhone();
  const range = useRange(['5m', '30m', '1h']);
  const {
    data: facts,
    error,
    isSlow,
  } = useResource<MetricFacts>(`/api/metrics/${encodeURIComponent(name)}`, 10);
  const traffic = useTraffic(name);
  const [isComparing, setComparing] = useState(false);
  const compare = params.compare;
  const types = facts?.types ?? traffic?.types ?? [];
  const [first] = types;
  const type = types.find((one) => one === params.type) ?? first;

  useKeys((key) => {
    if (key === 'Escape') compare === undefined ? go('metrics') : change({ compare: undefined });
    else if (key === 'c') setComparing(true);
    else if (key === 'y') void copyText(name);
    else return false;
    return true;
  });

  const title = (
    <>
      <a class="back" href={formatRoute('metrics')} aria-label="Back to metrics">
        <Icon name="back" />
      </a>
      <h1 class="m el" title={name.slice(0, 400)}>
        <WireText text={name} max={120} />
      </h1>
      {type !== undefined && <span class="chip">{type}</span>}
      {types.length > 1 && <span class="chip wa">{types.length} types</span>}
    </>
  );
  const tools = (
    <>
      <button
        type="button"
        class="btn hide"
        aria-pressed={compare !== undefined}
        onClick={() => (compare === undefined ? setComparing(true) : change({ compare: undefined }))}
      >
        {compare === undefined ? 'Compare' : 'End compare'} <kbd>c</kbd>
      </button>
      {range.buttons}
    </>
  );
  const isUnknown = error?.status === 404 && traffic === undefined && facts === undefined;
  return (
    <Page name={name.slice(0, 80)} title={title} tools={tools}>
      {isUnknown ? (
        <Missing title="No such metric is known now.">
          It was not received since the start, or has expired.{' '}
          <a href={formatRoute('metrics')}>All metrics</a>
        </Missing>
      ) : facts === undefined && traffic === undefined ? (
        <Skeleton isShown={isSlow} />
      ) : (
        <>
          {types.length > 1 && <TypeConflict types={types} chosen={type} />}
          <Figures traffic={traffic} facts={facts} />
          {isComparing && compare === undefined && (
            <CompareField not={name} close={() => setComparing(false)} />
          )}
          <div class="two metric-two">
            <div>
              <SeriesPlot
                name={name}
                type={type}
                range={range.seconds}
                by={params.by}
                height={compare === undefined ? (isPhone ? 200 : 326) : isPhone ? 180 : 230}
                syncKey={compare === undefined ? undefined : 'compare'}
                hasTitle={compare !== undefined}
              />
              {compare !== undefined && (
                <SeriesPlot
                  name={compare}
                  type={undefined}
                  range={range.seconds}
                  by={undefined}
                  height={isPhone ? 180 : 230}
                  syncKey="compare"
                  hasTitle
                />
              )}
            </div>
            <div class={isPhone ? 'sec' : ''}>
              <TagKeys facts={facts} traffic={traffic} by={params.by} />
              <Senders name={name} />
              <RuleThatApplies name={name} types={types} />
            </div>
          </div>
          <ContextsTable
            name={name}
            type={type}
            total={traffic?.contexts ?? facts?.contexts}
            range={range.seconds}
          />
        </>
      )}
    </Page>
  );
}

function Figures({
  traffic,
  facts,
}: {
  readonly traffic: MetricTraffic | undefined;
  readonly facts: MetricFacts | undefined;
}) {
  const tick = useStore(live.shown);
  const now = tick?.at ?? Date.now() / 1000;
  const last = traffic?.last ?? null;
  const hasPercentiles = last !== null && isPercentiles(last.type);
  return (
    <dl class="stats">
      <div>
        <dt>samples</dt>
        <dd>
          {rate(traffic?.rates.s10)}
          <span class="unit">/s</span>
        </dd>
      </div>
      {hasPercentiles ? (
        <>
          <Figure name="p50" text={percentile(last.value)} />
          <Figure name="p95" text={percentile(last.p95)} />
          <Figure name="p99" text={percentile(last.p99)} />
          <Figure name="max" text={percentile(last.max)} />
        </>
      ) : (
        <Figure name={last === null ? 'last bucket' : VALUE_WORDS[last.type]} text={value(last?.value)} />
      )}
      <Figure name="contexts" text={count(traffic?.contexts ?? facts?.contexts)} />
      <div class="hide-small">
        <dt>bytes</dt>
        <dd>
          <Bytes n={traffic?.bytesPerSecond} perSecond />
        </dd>
      </div>
      <div class="hide-small">
        <dt>first seen</dt>
        <dd class="light">{traffic === undefined ? '–' : clock(traffic.firstSeen * 1000, now * 1000)}</dd>
      </div>
      <div class="hide-small">
        <dt>last seen</dt>
        <dd class="light">{traffic === undefined ? '–' : age(Math.max(0, now - traffic.lastSeen))}</dd>
      </div>
    </dl>
  );
}

const VALUE_WORDS = {
  counter: 'total of the last bucket',
  gauge: 'last value',
  set: 'distinct values',
  histogram: 'p50',
  distribution: 'p50',
} as const;

function Figure({ name, text }: { readonly name: string; readonly text: string }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{text}</dd>
    </div>
  );
}

/** Two types under one name are two series: which one is shown, and how to get at the other. */
function TypeConflict({
  types,
  chosen,
}: {
  readonly types: readonly string[];
  readonly chosen: string | undefined;
}) {
  return (
    <p class="conflict">
      <span class="chip wa">{types.length} types</span> Clients send this name as {types.join(' and as ')}.
      Each type is a metric of its own; rename one of them at its sender.{' '}
      {types.map((one) => (
        <button
          key={one}
          type="button"
          class="text-button"
          aria-pressed={one === chosen}
          onClick={() => change({ type: one })}
        >
          show the {one}
        </button>
      ))}
    </p>
  );
}

interface KeysProps {
  readonly facts: MetricFacts | undefined;
  readonly traffic: MetricTraffic | undefined;
  readonly by: string | undefined;
}

function TagKeys({ facts, traffic, by }: KeysProps) {
  const isGrowing = (traffic?.newPerMinute ?? 0) >= 100;
  return (
    <section>
      <h2 class="h">
        Tag keys <small>values; a click splits the plot by one</small>
      </h2>
      {facts === undefined ? (
        <Skeleton />
      ) : facts.tagKeys.length === 0 ? (
        <p class="mu">No tags.</p>
      ) : (
        <ul class="kv">
          {facts.tagKeys.map(({ key, distinct, examples }, at) => (
            <li key={key}>
              <button
                type="button"
                class="key mn"
                aria-pressed={key === by}
                onClick={() => change({ by: key === by ? undefined : key })}
              >
                <WireText text={key} max={40} />
              </button>
              <span class="g el">
                <WireText text={examples.slice(0, EXAMPLES_SHOWN).join(', ')} max={80} />
              </span>
              <span class={at === 0 && isGrowing ? 'n wa b' : 'n'}>{count(distinct)}</span>
            </li>
          ))}
        </ul>
      )}
      {traffic !== undefined && (
        <p class={isGrowing ? 'sm wa' : 'sm fa'}>
          {plural(Math.round(traffic.newPerMinute), 'new context')} in the last minute.
        </p>
      )}
    </section>
  );
}

/** Who sent the last lines of it: no count of everything, but always of this metric. */
function Senders({ name }: { readonly name: string }) {
  const { lines, senders } = useSenders(name);
  return (
    <section class="sec">
      <h2>
        Sent by <small>{lines === 0 ? 'waiting for lines' : `of the last ${plural(lines, 'line')}`}</small>
      </h2>
      {senders.length > 0 && (
        <ul class="kv">
          {senders.slice(0, SENDERS_SHOWN).map(({ origin, listener, count: n }) => (
            <li key={`${origin} ${listener}`}>
              <span class="el">
                {origin === '' ? <span class="fa">nobody says</span> : <WireText text={origin} max={60} />}
              </span>
              <span class="g el">{nameOf({ listener })}</span>
              <span class="n">{share(n, lines)}</span>
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}

function RuleThatApplies({ name, types }: { readonly name: string; readonly types: readonly string[] }) {
  const { data } = useResource<ConfigViewOf>('/api/config');
  const rules = data?.rules?.value;
  const found = Array.isArray(rules) ? ruleFor(rules as Rule[], name, types) : undefined;
  return (
    <section class="sec">
      <h2>Rules that apply</h2>
      {found === undefined ? (
        <p class="sm mu">{data === undefined ? '' : 'None.'}</p>
      ) : (
        <pre tabIndex={0} aria-label={`Rule ${found.number}`} role="region">
          {ruleText(found.rule)}
        </pre>
      )}
    </section>
  );
}
