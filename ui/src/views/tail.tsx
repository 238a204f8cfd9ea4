/**
 * Live tail: lines as they arrive, the newest below. Opening a line or scrolling up holds it; End or p goes on.
 *
 * Limits  The browser keeps 2,000 lines and draws those in view.
 */
import { useEffect, useLayoutEffect, useMemo, useRef, useState } from 'preact/hooks';
import { count, rate } from '../format/numbers.ts';
import { visible } from '../format/text.ts';
import { narrowClock, preciseClock } from '../format/times.ts';
import { parseSearch } from '../lib/search.ts';
import { Choices, copyText, usePhone } from '../parts/controls.tsx';
import { Find } from '../parts/find.tsx';
import { Icon } from '../parts/icon.tsx';
import { Page } from '../parts/page.tsx';
import { useKeys } from '../parts/use-keys.ts';
import { WireText } from '../parts/wire-text.tsx';
import { live } from '../state/live.ts';
import { change, go, place } from '../state/place.ts';
import { useStore } from '../state/store.ts';
import { KEPT, type NumberedLine, Tail, type TailState } from '../state/tail.ts';
import { TailPane } from './tail-pane.tsx';

const ROW = 22;
const ROW_PHONE = 24;
const OVERSCAN = 8;
const OUTCOMES = ['all', 'accepted', 'rejected', 'filtered'] as const;
type OutcomeChoice = (typeof OUTCOMES)[number];

export function TailView() {
  const { params } = useStore(place);
  const isPhone = usePhone();
  const text = params.q ?? '';
  const search = useMemo(() => parseSearch(text), [text]);
  const tail = useMemo(() => new Tail(), []);
  const state = useStore(tail.state);
  const { kind } = useStore(live.connection);
  const isOff = kind === 'waiting';
  const [chosen, setChosen] = useState<NumberedLine>();
  useEffect(() => live.ask({ limit: 1 }), []);
  useEffect(() => {
    if (isOff) return;
    tail.open(search);
    setChosen(undefined);
    return () => tail.close();
  }, [search, isOff]);

  const open = (line: NumberedLine | undefined): void => {
    setChosen(line);
    if (line !== undefined) tail.hold();
  };
  const resume = (): void => {
    setChosen(undefined);
    tail.resume();
  };
  const move = (by: number): void => {
    const { lines } = tail.state.value;
    const at =
      chosen === undefined ? lines.length : lines.findIndex(({ number }) => number === chosen.number);
    open(lines[Math.max(0, Math.min(lines.length - 1, at + by))]);
  };
  useKeys((key) => {
    if (key === 'p') state.heldAt === undefined ? tail.hold() : resume();
    else if (key === 'End') resume();
    else if (key === 'j' || key === 'ArrowDown') move(1);
    else if (key === 'k' || key === 'ArrowUp') move(-1);
    else if (key === 'y' && chosen !== undefined) void copyText(chosen.line);
    else if (key === 'e' && chosen !== undefined) go('explain', undefined, { line: chosen.line });
    else if (key === 'Escape' && chosen !== undefined) setChosen(undefined);
    else if (key === 'Escape' && text !== '') change({ q: undefined });
    else return false;
    return true;
  });

  const outcome = OUTCOMES.find((one) => one === search.fields.outcome?.[0]) ?? 'all';
  return (
    <Page
      name="Live tail"
      title={<h1>Live tail</h1>}
      isFlush
      pulse={
        <TailPulse state={state} isOpen={chosen !== undefined} hold={() => tail.hold()} resume={resume} />
      }
    >
      <div class="tool">
        <Find
          value={text}
          label="Filter lines"
          placeholder={
            isPhone ? 'Filter' : 'name:checkout.*  tag:env:prod  type:d  origin:api-*  outcome:rejected'
          }
          isCode
          isWide
          change={(q) => change({ q })}
        />
        <Choices<OutcomeChoice>
          label="Outcome"
          choices={OUTCOMES.map((value) => ({
            value,
            label: value,
            ...(value === 'rejected' && { tone: 'lo' }),
          }))}
          value={outcome}
          choose={(next) => change({ q: withOutcome(text, next) })}
          hideOnPhone
        />
      </div>
      <LeftOut state={state} isPhone={isPhone} />
      <div class="tail">
        <Lines state={state} chosen={chosen} isPhone={isPhone} open={open} hold={() => tail.hold()} />
        {chosen !== undefined && <TailPane line={chosen} close={() => setChosen(undefined)} />}
      </div>
    </Page>
  );
}

/** The filter with another outcome in it. */
function withOutcome(text: string, outcome: OutcomeChoice): string {
  const rest = text.replace(/(^|\s+)outcome:\S+/gi, '').trim();
  return outcome === 'all' ? rest : `${rest} outcome:${outcome}`.trim();
}

interface PulseProps {
  readonly state: TailState;
  readonly isOpen: boolean;
  readonly hold: () => void;
  readonly resume: () => void;
}

function TailPulse({ state, isOpen, hold, resume }: PulseProps) {
  const { kind } = useStore(live.connection);
  const { heldAt, missed, problem } = state;
  if (heldAt !== undefined) {
    return (
      <>
        <span class="live hide">
          <i class="dot no" />
          {isOpen ? 'Paused at the line you opened' : 'Paused'}, {count(missed)} new
        </span>
        <button type="button" class="btn pri" onClick={resume}>
          <Icon name="resume" size={12} />
          Resume <kbd class="hide">p</kbd>
        </button>
      </>
    );
  }
  const isWell = problem === undefined && (kind === 'live' || kind === 'crowded');
  return (
    <>
      <span class="live">
        <i class={isWell ? 'dot' : 'dot wa'} />
        {isWell ? 'Live' : 'No answer'}
      </span>
      <button type="button" class="btn hide" onClick={hold}>
        <Icon name="pause" size={12} />
        Pause <kbd>p</kbd>
      </button>
    </>
  );
}

/** What is not shown, always said in place. */
function LeftOut({ state, isPhone }: { readonly state: TailState; readonly isPhone: boolean }) {
  const { shownRate, leftOutRate, problem, heldAt, missed } = state;
  if (problem !== undefined) return <div class="left-out wa">{problem}</div>;
  const kept = Math.min(missed, KEPT);
  const all = shownRate + leftOutRate;
  const text =
    heldAt !== undefined && missed > KEPT
      ? `${count(missed)} new lines since the pause; the last ${count(kept)} are kept.`
      : leftOutRate === 0
        ? isPhone
          ? `${rate(all)} lines/s, all shown`
          : `${rate(all)} lines/s, all of them shown. The last ${count(KEPT)} lines are kept.`
        : isPhone
          ? `${rate(shownRate)} of ${rate(all)} lines/s shown, the rest left out`
          : `${rate(shownRate)} of ${rate(all)} lines/s are shown; ${rate(leftOutRate)} are left out. A filter is applied before anything is left out. The last ${count(KEPT)} lines are kept.`;
  return <div class="left-out">{text}</div>;
}

interface LinesProps {
  readonly state: TailState;
  readonly chosen: NumberedLine | undefined;
  readonly isPhone: boolean;
  readonly open: (line: NumberedLine) => void;
  readonly hold: () => void;
}

function Lines({ state, chosen, isPhone, open, hold }: LinesProps) {
  const { lines, heldAt } = state;
  const box = useRef<HTMLDivElement>(null);
  const row = isPhone ? ROW_PHONE : ROW;
  const [view, setView] = useState({ top: 0, height: 600 });
  const isFollowing = heldAt === undefined;

  useLayoutEffect(() => {
    const element = box.current as HTMLDivElement;
    const see = (): void => setView({ top: element.scrollTop, height: element.clientHeight });
    const observer = new ResizeObserver(see);
    observer.observe(element);
    element.addEventListener('scroll', see, { passive: true });
    return () => {
      observer.disconnect();
      element.removeEventListener('scroll', see);
    };
  }, []);
  // The newest line is always in view, until something holds it.
  useLayoutEffect(() => {
    const element = box.current as HTMLDivElement;
    if (isFollowing) element.scrollTop = element.scrollHeight;
  }, [lines, isFollowing]);
  useLayoutEffect(() => {
    const element = box.current as HTMLDivElement;
    const at = chosen === undefined ? -1 : lines.findIndex(({ number }) => number === chosen.number);
    if (at < 0) return;
    const top = at * row;
    if (top < element.scrollTop) element.scrollTop = top;
    else if (top + row > element.scrollTop + element.clientHeight)
      element.scrollTop = top + row - element.clientHeight;
  }, [chosen]);

  const bottom = isFollowing
    ? lines.length
    : Math.min(lines.length, Math.ceil((view.top + view.height) / row) + OVERSCAN);
  const inView = Math.ceil(view.height / row) + 2 * OVERSCAN;
  const first = Math.max(0, isFollowing ? lines.length - inView : Math.floor(view.top / row) - OVERSCAN);
  return (
    <div
      ref={box}
      class="lines"
      tabIndex={0}
      role="log"
      aria-live="off"
      aria-label="Lines"
      onWheel={(event) => {
        if (event.deltaY < 0 && lines.length * row > view.height) hold();
      }}
      onTouchMove={() => hold()}
      // A line that is pressed must not move away before it is let go.
      onPointerDown={() => {
        if (lines.length > 0) hold();
      }}
    >
      {lines.length === 0 && <p class="missing mu">Nothing has arrived yet that fits.</p>}
      <div
        class="lines-room"
        style={{ minHeight: `${lines.length * row}px`, paddingTop: `${first * row}px` }}
      >
        {lines.slice(first, bottom).map((line) => (
          <Line
            key={line.number}
            line={line}
            isPhone={isPhone}
            isChosen={line.number === chosen?.number}
            open={open}
          />
        ))}
      </div>
    </div>
  );
}

const MARKS: Readonly<Record<string, readonly [string, string]>> = {
  accepted: ['', ''],
  rejected: ['lo', 'bad'],
  filtered: ['fi', 'fil'],
  event: ['ev', 'evt'],
  service_check: ['ev', 'evt'],
};

interface LineProps {
  readonly line: NumberedLine;
  readonly isPhone: boolean;
  readonly isChosen: boolean;
  readonly open: (line: NumberedLine) => void;
}

function Line({ line, isPhone, isChosen, open }: LineProps) {
  const [mark, tone] = MARKS[line.outcome] ?? ['', ''];
  const { name, middle, rest } = splitLine(line.line);
  const at = line.at * 1000;
  return (
    <button
      type="button"
      class={`ln ${tone} ${isChosen ? 'sel' : ''}`}
      aria-pressed={isChosen}
      onClick={() => open(line)}
    >
      <time>{isPhone ? narrowClock(at) : preciseClock(at)}</time>
      <i class={`mk ${mark}`} title={line.outcome} />
      {!isPhone && (
        <span class="o el">
          <WireText text={line.origin === '' ? line.listener : line.origin} max={40} />
        </span>
      )}
      <span class="x">
        <bdi>
          <b>{visible(name)}</b>
          <span class="v">{visible(middle)}</span>
          <span class="g">{visible(rest)}</span>
        </bdi>
      </span>
    </button>
  );
}

// page.views :1|c |@0.5|#env:prod
/** Name, values with their type, and the rest of a line. */
export function splitLine(text: string): { name: string; middle: string; rest: string } {
  const [, name = text, middle = '', rest = ''] =
    /^(_sc\|[^|]*\|[^|]*|[^:|]*)((?::[^|]*\|[^|]*)?)([\s\S]*)$/.exec(text) ?? [];
  return { name, middle, rest };
}
