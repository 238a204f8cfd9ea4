/** Overview: the equation, what comes in, what needs attention, listeners, outputs, the busiest metrics. */

import { useEffect } from 'preact/hooks';
import type { CardinalityView } from '../../../src/model/live/server-views.ts';
import type { StreamTick } from '../../../src/model/live/stream-views.ts';
import { compact, count, plural, rate, share } from '../format/numbers.ts';
import { ago, span } from '../format/times.ts';
import { attentionOf, verdictOf } from '../lib/verdict.ts';
import { Skeleton, usePhone } from '../parts/controls.tsx';
import { dialog } from '../parts/dialogs.tsx';
import { Page, Pulse, useRange } from '../parts/page.tsx';
import { isNothingReceived } from '../parts/sidebar.tsx';
import { Verdict } from '../parts/verdict.tsx';
import { WireText } from '../parts/wire-text.tsx';
import { formatRoute } from '../router.ts';
import { live } from '../state/live.ts';
import { go } from '../state/place.ts';
import { useResource } from '../state/resource.ts';
import { useStore } from '../state/store.ts';
import { EmptyOverview } from './empty.tsx';
import { Busiest, Listeners, Outputs } from './overview-tables.tsx';
import { TrafficPlot } from './traffic-plot.tsx';

const BUSIEST = 4;
let hasSeenNothing = false;

export function OverviewView() {
  const tick = useStore(live.shown);
  const range = useRange(['5m', '30m', '2h']);
  const { data: limits } = useResource<CardinalityView>('/api/cardinality', 10);
  useEffect(() => live.ask({ sort: 'rate', limit: BUSIEST }), []);
  useFirstRejected(tick);

  const isEmpty = tick !== undefined && isNothingReceived(tick);
  const tools = (
    <>
      <button type="button" class="btn hide" onClick={() => (dialog.value = 'send')}>
        Send a metric <kbd>n</kbd>
      </button>
      {range.buttons}
    </>
  );
  return (
    <Page
      name="Overview"
      title={<h1>Overview</h1>}
      tools={isEmpty ? undefined : tools}
      pulse={isEmpty ? <Pulse canPause={false} word="Listening" /> : undefined}
    >
      {tick === undefined ? (
        <Skeleton />
      ) : isEmpty ? (
        <EmptyOverview tick={tick} />
      ) : (
        <Full tick={tick} limits={limits} seconds={range.seconds} />
      )}
    </Page>
  );
}

interface FullProps {
  readonly tick: StreamTick;
  readonly limits: CardinalityView | undefined;
  readonly seconds: number;
}

function Full({ tick, limits, seconds }: FullProps) {
  const isPhone = usePhone();
  const up = span(Math.max(0, Math.floor(tick.at - tick.startedAt)));
  const attention = <AttentionList tick={tick} limits={limits} seconds={seconds} />;
  const hasAttention = attentionOf(tick, limits, seconds).length > 0;
  const traffic = (
    <section class={isPhone ? 'sec' : ''}>
      <h2 class="h">
        Lines per second <small>stacked by listener</small>
      </h2>
      <TrafficPlot seconds={seconds} height={isPhone ? 164 : 236} />
    </section>
  );
  return (
    <>
      <Verdict verdict={verdictOf(tick, limits, seconds)} note={`messages since the start, ${up}`} />
      <EquationRow tick={tick} isPhone={isPhone} />
      <div class="two first">
        {isPhone ? (
          <>
            {hasAttention && attention}
            {traffic}
          </>
        ) : (
          <>
            {traffic}
            {hasAttention ? attention : <Contexts tick={tick} isFirst />}
          </>
        )}
      </div>
      <div class="two">
        <Listeners tick={tick} isPhone={isPhone} />
        <Outputs tick={tick} />
      </div>
      <div class="two">
        {isPhone ? null : <Busiest tick={tick} />}
        {(hasAttention || isPhone) && <Contexts tick={tick} />}
      </div>
    </>
  );
}

/** received = accepted + rejected + filtered + dropped + held */
function EquationRow({ tick, isPhone }: { readonly tick: StreamTick; readonly isPhone: boolean }) {
  const { equation, rates } = tick;
  const kernelLost = tick.listeners.reduce((sum, { kernelLost: lost }) => sum + (lost ?? 0), 0);
  const show = (n: number) => (
    <span title={isPhone ? count(n) : undefined}>{isPhone ? compact(n) : count(n)}</span>
  );
  const zero = (n: number) => (n === 0 ? 'z' : '');
  const kernel = kernelLost === 0 ? 'none' : `kernel: ${plural(kernelLost, 'packet')}`;
  return (
    <dl class="eq" aria-label="Messages since the start">
      <div>
        <dt>received</dt>
        <dd>{show(equation.received)}</dd>
        <dd class="s">{rate(rates.messages)}/s</dd>
      </div>
      <div data-op="=">
        <dt>accepted</dt>
        <dd>{show(equation.accepted)}</dd>
        <dd class="s">{share(equation.accepted, equation.received)}</dd>
      </div>
      <div data-op="+" class={zero(equation.rejected)}>
        <dt>rejected</dt>
        <dd class={equation.rejected > 0 ? 'wa' : ''}>{show(equation.rejected)}</dd>
        <dd class="s">{rate(rates.rejected)}/s</dd>
      </div>
      <div data-op="+" class={zero(equation.filtered)}>
        <dt>filtered</dt>
        <dd>{show(equation.filtered)}</dd>
        <dd class="s">{rate(rates.filtered)}/s</dd>
      </div>
      <div data-op="+" class={zero(equation.dropped)}>
        <dt>dropped</dt>
        <dd class={equation.dropped > 0 ? 'lo' : ''}>{show(equation.dropped)}</dd>
        <dd class="s">{kernel}</dd>
      </div>
      <div data-op="+" class={zero(equation.held)}>
        <dt>held</dt>
        <dd>{show(equation.held)}</dd>
        <dd class="s">backlog</dd>
      </div>
    </dl>
  );
}

function AttentionList({ tick, limits, seconds }: FullProps) {
  const isPhone = usePhone();
  return (
    <section class={isPhone ? 'sec' : ''}>
      <h2 class="h">Needs attention</h2>
      <ul class="att">
        {attentionOf(tick, limits, seconds).map(({ key, tone, title, text, link }) => (
          <li key={key}>
            <i class={`dot ${tone}`} />
            <div>
              <b>
                <WireText text={title} />
              </b>
              <p>
                <WireText text={text} /> {link !== undefined && <a href={link.href}>{link.text}</a>}
              </p>
            </div>
          </li>
        ))}
      </ul>
    </section>
  );
}

function Contexts({ tick, isFirst = false }: { readonly tick: StreamTick; readonly isFirst?: boolean }) {
  const { contexts, contextsMax, newContextsPerMinute: pace, metrics } = tick;
  const hasLimit = contextsMax > 0;
  const left = hasLimit && pace > 0 ? ((contextsMax - contexts) / pace) * 60 : undefined;
  return (
    <section class={isFirst ? '' : 'sec'}>
      <h2 class="h">Contexts {hasLimit && <small>limit {count(contextsMax)}</small>}</h2>
      <div class="figure">
        <span>{count(contexts)}</span>
        <span class={pace >= 100 ? 'wa sm b' : 'fa sm'}>+{count(Math.round(pace))}/min</span>
      </div>
      {hasLimit && (
        <div class="meter" role="img" aria-label={`${share(contexts, contextsMax)} of the limit`}>
          <i style={{ width: `${Math.min(100, (contexts / contextsMax) * 100)}%` }} />
        </div>
      )}
      <p class="sm mu">
        {left !== undefined && pace >= 1 && `At this pace the limit is reached in ${span(left)}. `}
        {plural(metrics, 'metric')}. <a href={formatRoute('cardinality')}>Cardinality</a>
      </p>
      {tick.lastEvent !== null && (
        <p class="sm mu last-event">
          Last event, {ago(tick.at - tick.lastEvent.at)}: <WireText text={tick.lastEvent.title} />
        </p>
      )}
    </section>
  );
}

/** Packets came and every line of them was rejected: the first thing to see is why. */
function useFirstRejected(tick: StreamTick | undefined): void {
  useEffect(() => {
    if (tick === undefined) return;
    if (isNothingReceived(tick)) {
      hasSeenNothing = true;
      return;
    }
    const { received, rejected } = tick.equation;
    if (hasSeenNothing && received > 0 && rejected === received)
      go('tail', undefined, { q: 'outcome:rejected' });
    hasSeenNothing = false;
  }, [tick]);
}
