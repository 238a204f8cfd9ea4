/** What dropping a tag key of a metric would save, counted by the server, and the rule to paste. */

import type { WithoutAnswer } from '../../../src/model/live/server-views.ts';
import type { MetricTraffic } from '../../../src/model/live/traffic-views.ts';
import type { MetricView as MetricFacts } from '../../../src/model/views/context-views.ts';
import { count, plural, share } from '../format/numbers.ts';
import { CopyButton, copyText, Missing, Skeleton } from '../parts/controls.tsx';
import { useKeys } from '../parts/use-keys.ts';
import { WireText } from '../parts/wire-text.tsx';
import { formatRoute } from '../router.ts';
import { queryOf } from '../state/live.ts';
import { change } from '../state/place.ts';
import { useResource } from '../state/resource.ts';

interface Props {
  readonly metric: string;
  /** The key of the address. */
  readonly wanted: string | undefined;
  readonly row: MetricTraffic | undefined;
  readonly isPhone: boolean;
}

export function DryRun({ metric, wanted, row, isPhone }: Props) {
  const { data: facts, error } = useResource<MetricFacts>(`/api/metrics/${encodeURIComponent(metric)}`, 15);
  const keys = facts?.tagKeys ?? [];
  const key = keys.find((one) => one.key === wanted)?.key ?? keys[0]?.key;
  const isGrowing = (row?.newPerMinute ?? 0) >= 100;
  return (
    <aside class={isPhone ? 'sec' : ''} aria-label="The metric">
      <h2 class="h m">
        <a class="plain" href={formatRoute('metrics', metric)}>
          <WireText text={metric} max={60} />
        </a>
      </h2>
      {row !== undefined && (
        <p class="sm mu">
          {isGrowing
            ? `Grows by ${plural(Math.round(row.newPerMinute), 'context')} a minute.`
            : 'Does not grow now.'}{' '}
          {row.overLimit > 0 && `${plural(row.overLimit, 'sample')} went beyond a limit.`}
        </p>
      )}
      {facts === undefined ? (
        error === undefined ? (
          <Skeleton />
        ) : (
          <Missing title={error.message} />
        )
      ) : (
        <ul class="kv keys-to-drop">
          {keys.map((one, at) => (
            <li key={one.key}>
              <button
                type="button"
                class="key mn"
                aria-pressed={one.key === key}
                onClick={() => change({ metric, key: one.key })}
              >
                <WireText text={one.key} max={40} />
              </button>
              <span class="g el">
                <WireText text={one.examples.slice(0, 3).join(', ')} max={60} />
              </span>
              <span class={at === 0 && isGrowing ? 'n wa b' : 'n'}>{count(one.distinct)}</span>
            </li>
          ))}
        </ul>
      )}
      {key !== undefined && <Without metric={metric} tagKey={key} />}
      {facts !== undefined && keys.length === 0 && <p class="sm mu">It has no tags to drop.</p>}
    </aside>
  );
}

function Without({ metric, tagKey }: { readonly metric: string; readonly tagKey: string }) {
  const path = `/api/cardinality/without?${queryOf({ metric, key: tagKey })}`;
  const { data, error, of } = useResource<WithoutAnswer>(path, 15);
  useKeys((key) => {
    if (key !== 'y' || data === undefined) return false;
    void copyText(data.rule);
    return true;
  });
  const isCurrent = data !== undefined && of === path && data.key === tagKey;
  return (
    <section class="without">
      <h2 class="h">
        <span>
          Without <WireText text={tagKey} max={40} />
        </span>{' '}
        <small>dry run</small>
      </h2>
      {error !== undefined ? (
        <Missing title="The dry run failed.">{error.message}</Missing>
      ) : !isCurrent ? (
        <Skeleton />
      ) : (
        <>
          <p class="before-after">
            {count(data.contexts.before)} <span class="fa">→</span>{' '}
            <span class="ok">
              {count(data.contexts.after)}
              {data.error > 0 && <small> ±{(data.error * 100).toFixed(1)} %</small>}
            </span>{' '}
            <span class="sm mu">
              {data.contexts.after < data.contexts.before
                ? `contexts, ${share(data.contexts.before - data.contexts.after, data.contexts.before)} fewer`
                : 'contexts: nothing saved'}
            </span>
          </p>
          <p class="sm mu">
            All metrics: {count(data.all.before)} → {count(data.all.after)}. No value is lost: what had
            different values of it adds up.
            {data.lookedAt < data.contexts.before && ` Estimated from ${count(data.lookedAt)} contexts.`}
          </p>
          <pre tabIndex={0} role="region" aria-label="The rule">
            {data.rule.trimEnd()}
          </pre>
          <div class="pane-buttons">
            <CopyButton text={data.rule} label="Copy rule" isMain />
          </div>
          <p class="sm fa">
            Into the configuration file; then <code>POST /-/reload</code>, or{' '}
            <a href={formatRoute('config', undefined, { tab: 'diff' })}>reload here</a>. For another key,
            choose it above.
          </p>
        </>
      )}
    </section>
  );
}
