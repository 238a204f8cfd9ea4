/** The line that was opened: why it is rejected and how it would be right, or what became of it, step by step. */
import { useEffect, useState } from 'preact/hooks';
import type { ExplainAnswer, ExplainedLine } from '../../../src/model/live/line-views.ts';
import type { ErrorTraffic, TopAnswer } from '../../../src/model/live/traffic-views.ts';
import { postJson } from '../api/client.ts';
import { count, rate } from '../format/numbers.ts';
import { clock, preciseClock } from '../format/times.ts';
import { CopyButton } from '../parts/controls.tsx';
import { Correction, LineWithCaret, Steps } from '../parts/explained.tsx';
import { Icon } from '../parts/icon.tsx';
import { WireText } from '../parts/wire-text.tsx';
import { formatRoute } from '../router.ts';
import { useResource } from '../state/resource.ts';
import type { NumberedLine } from '../state/tail.ts';

const SAMPLES_SHOWN = 5;
const TITLES = {
  accepted: 'Accepted',
  rejected: 'Rejected',
  filtered: 'Filtered',
  event: 'Event',
  service_check: 'Service check',
} as const;

export function TailPane({ line, close }: { readonly line: NumberedLine; readonly close: () => void }) {
  const isRejected = line.outcome === 'rejected';
  return (
    <aside class="pane" aria-label="Explain">
      <h2>
        <i
          class={`mk big ${isRejected ? 'lo' : line.outcome === 'filtered' ? 'fi' : line.outcome === 'accepted' ? 'good' : 'ev'}`}
        />
        {TITLES[line.outcome]} {line.reason !== '' && <small class="m">{line.reason}</small>}
        <button type="button" class="btn icon push" aria-label="Close" onClick={close}>
          <Icon name="close" size={14} />
        </button>
      </h2>
      {isRejected ? (
        <>
          <LineWithCaret line={line.line} caret={line.caret} words={line.words} />
          <Correction remedy={line.remedy} corrected={line.corrected} />
        </>
      ) : (
        <ExplainedSteps line={line.line} />
      )}
      <From line={line} />
      {isRejected && <SameReason reason={line.reason} />}
      <div class="pane-buttons">
        <a class="btn pri" href={formatRoute('explain', undefined, { line: line.line })}>
          Open in Explain <kbd class="hide">e</kbd>
        </a>
        <CopyButton text={line.line} label="Copy line" />
      </div>
    </aside>
  );
}

function From({ line }: { readonly line: NumberedLine }) {
  return (
    <dl class="facts-list pane-facts">
      <dt>from</dt>
      <dd>
        {line.origin === '' ? <span class="fa">nobody says</span> : <WireText text={line.origin} />},{' '}
        {line.listener}
      </dd>
      <dt>at</dt>
      <dd>{preciseClock(line.at * 1000)}</dd>
    </dl>
  );
}

/** What the server makes of the line now. */
function ExplainedSteps({ line }: { readonly line: string }) {
  const [explained, setExplained] = useState<ExplainedLine>();
  useEffect(() => {
    const stop = new AbortController();
    setExplained(undefined);
    postJson<ExplainAnswer>('/api/explain', line, stop.signal)
      .then((answer) => setExplained(answer.messages[0]))
      .catch(() => undefined);
    return () => stop.abort();
  }, [line]);
  return (
    <>
      <LineWithCaret line={line} caret={null} words="" />
      {explained !== undefined && <Steps explained={explained} isNarrow />}
    </>
  );
}

function SameReason({ reason }: { readonly reason: string }) {
  const { data } = useResource<TopAnswer<ErrorTraffic>>('/api/top?by=errors&limit=20', 5);
  const row = data?.rows.find((one) => one.reason === reason);
  if (row === undefined) return null;
  return (
    <>
      <dl class="facts-list">
        <dt>this reason</dt>
        <dd>
          {count(row.count)} times, {rate(row.perSecond)}/s{' '}
          <a href={formatRoute('tail', undefined, { q: 'outcome:rejected' })}>only&nbsp;these</a>
        </dd>
      </dl>
      <section class="pane-samples hide">
        <h3 class="sm b">
          The last of this reason <span class="fa">64 are kept</span>
        </h3>
        <ul class="kv sm">
          {row.lines.slice(0, SAMPLES_SHOWN).map((sample, at) => (
            <li key={at}>
              <span class="fa">{clock(sample.seenAt * 1000, Date.now())}</span>
              <code class="g el plain-text">
                <WireText text={sample.line} max={80} />
              </code>
              <span class="fa">{sample.listener}</span>
            </li>
          ))}
        </ul>
      </section>
    </>
  );
}
