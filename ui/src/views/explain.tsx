/** Explain: a box for lines; what this server makes of each, 150 ms after the last key. Nothing is sent or counted. */
import { useEffect, useState } from 'preact/hooks';
import type { ExplainAnswer, ExplainedLine } from '../../../src/model/live/line-views.ts';
import { postJson } from '../api/client.ts';
import { count, plural } from '../format/numbers.ts';
import { cut, visible } from '../format/text.ts';
import { Missing, usePhone } from '../parts/controls.tsx';
import { Correction, LineWithCaret, Steps } from '../parts/explained.tsx';
import { Page, Pulse } from '../parts/page.tsx';
import { change, place } from '../state/place.ts';
import { useStore } from '../state/store.ts';

const SETTLE_MS = 150;
/** More than this is not put into the address. */
const ADDRESS_CHARS = 8000;
const TITLE_CHARS = 60;
const EXAMPLE = 'page.views:1|c|#env:prod';

export function ExplainView() {
  const { params } = useStore(place);
  const isPhone = usePhone();
  const [text, setText] = useState(params.line ?? '');
  const { answer, problem } = useExplained(text);
  // A line that was opened from elsewhere replaces what is in the box.
  useEffect(() => {
    if (params.line !== undefined && params.line !== text) setText(params.line);
  }, [params.line]);
  return (
    <Page name="Explain" title={<h1>Explain</h1>} pulse={<Pulse canPause={false} />}>
      <div class="explain">
        <textarea
          rows={isPhone ? 4 : Math.min(12, Math.max(2, text.split('\n').length))}
          spellcheck={false}
          aria-label="Lines to explain"
          placeholder={EXAMPLE}
          value={text}
          onInput={(event) => setText(event.currentTarget.value)}
          onBlur={() => change({ line: text.length <= ADDRESS_CHARS ? text : undefined })}
          onKeyDown={(event) => {
            if (event.key === 'Escape') event.currentTarget.blur();
          }}
        />
        <p class="sm fa below-box">
          What this server makes of a line, as it is configured now. Nothing is sent or counted. One line
          each, up to 100; the answer follows as you type.
        </p>
        {problem !== undefined && <Missing title="No answer.">{problem}</Missing>}
        {text.trim() === '' && (
          <p class="mu">
            For example{' '}
            <button type="button" class="text-button m" onClick={() => setText(EXAMPLE)}>
              {EXAMPLE}
            </button>
            .
          </p>
        )}
        <div aria-live="polite">
          {answer?.messages.map((message, at) => (
            <Explained key={at} message={message} />
          ))}
        </div>
        {answer !== undefined && answer.unterminated > 0 && (
          <p class="sm wa">
            The last line has no line feed and would be dropped: dogstatsd_eol_required asks for one.
          </p>
        )}
        {answer !== undefined && answer.leftOut > 0 && (
          <p class="sm mu">{plural(answer.leftOut, 'line')} beyond the first 100 left out.</p>
        )}
      </div>
    </Page>
  );
}

function useExplained(text: string): { answer: ExplainAnswer | undefined; problem: string | undefined } {
  const [state, setState] = useState<{ answer: ExplainAnswer | undefined; problem: string | undefined }>({
    answer: undefined,
    problem: undefined,
  });
  useEffect(() => {
    if (text.trim() === '') {
      setState({ answer: undefined, problem: undefined });
      return;
    }
    const stop = new AbortController();
    const timer = setTimeout(() => {
      postJson<ExplainAnswer>('/api/explain', text, stop.signal)
        .then((answer) => setState({ answer, problem: undefined }))
        .catch((error: unknown) => {
          if (!stop.signal.aborted)
            setState({ answer: undefined, problem: error instanceof Error ? error.message : String(error) });
        });
    }, SETTLE_MS);
    return () => {
      clearTimeout(timer);
      stop.abort();
    };
  }, [text]);
  return state;
}

function Explained({ message }: { readonly message: ExplainedLine }) {
  const tone = message.outcome === 'rejected' ? 'lo' : message.outcome === 'filtered' ? 'wa' : 'ok';
  const word =
    message.outcome === 'event' || message.outcome === 'service_check' ? 'accepted' : message.outcome;
  const series = message.steps.filter(({ label }) => label === 'series').length;
  return (
    <section class="explained">
      <h2 class="h">
        <span class="m el">
          <bdi>{cut(visible(message.line), TITLE_CHARS).text}</bdi>
        </span>
        <span class={`chip ${tone}`}>{word}</span>
        <small class="hide">
          {message.outcome === 'rejected' || message.outcome === 'filtered'
            ? message.reason
            : series > 0
              ? `${count(series)} series`
              : ''}
        </small>
      </h2>
      {message.outcome === 'rejected' ? (
        <>
          <LineWithCaret line={message.line} caret={message.caret} words={message.words} />
          <Correction remedy={message.remedy} corrected={message.corrected} />
        </>
      ) : (
        <Steps explained={message} />
      )}
    </section>
  );
}
