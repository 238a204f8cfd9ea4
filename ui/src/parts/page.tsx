/** What every view has: the bar with its title and tools, what the connection says, and the content. */
import type { ComponentChildren } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { clock } from '../format/times.ts';
import { live } from '../state/live.ts';
import { change, place } from '../state/place.ts';
import { useStore } from '../state/store.ts';
import { type Choice, Choices } from './controls.tsx';
import { Icon } from './icon.tsx';
import { useKeys } from './use-keys.ts';

interface PageProps {
  readonly title: ComponentChildren;
  /** Above the title of the tab. */
  readonly name: string;
  readonly tools?: ComponentChildren;
  /** Whether the content lays itself out to the edges, and scrolls by itself. */
  readonly isFlush?: boolean;
  /** What stands in place of "Live", and the button to pause; undefined for both as they are. */
  readonly pulse?: ComponentChildren;
  readonly children: ComponentChildren;
}

export function Page({ title, name, tools, isFlush = false, pulse, children }: PageProps) {
  useEffect(() => {
    document.title = name === 'Overview' ? 'whippet' : `${name} · whippet`;
  }, [name]);
  return (
    <>
      <header class="bar">
        {title}
        <span class="push" />
        {tools}
        {pulse ?? <Pulse />}
      </header>
      <Banner />
      {isFlush ? (
        <div class="body flush">{children}</div>
      ) : (
        <section class="body" tabIndex={0} aria-label={name}>
          {children}
        </section>
      )}
    </>
  );
}

/** Whether it is live, and the button that holds it. */
export function Pulse({
  canPause = true,
  word = 'Live',
}: {
  readonly canPause?: boolean;
  readonly word?: string;
}) {
  const pausedAt = useStore(live.paused);
  const { kind } = useStore(live.connection);
  if (pausedAt !== undefined) {
    return (
      <>
        <span class="live hide">
          <i class="dot no" />
          Paused at {clock(pausedAt, Date.now())}
        </span>
        <button type="button" class="btn pri" onClick={() => live.resume()}>
          <Icon name="resume" size={12} />
          Resume <kbd class="hide">p</kbd>
        </button>
      </>
    );
  }
  const isLive = kind === 'live';
  const text = isLive
    ? word
    : kind === 'crowded'
      ? 'Every 5 s'
      : kind === 'waiting'
        ? 'No answer'
        : 'Connecting';
  return (
    <>
      <span class="live">
        <i class={isLive ? 'dot' : kind === 'connecting' || kind === 'asleep' ? 'dot no' : 'dot wa'} />
        {text}
      </span>
      {canPause && (
        <button type="button" class="btn hide" onClick={() => live.pause()}>
          <Icon name="pause" size={12} />
          Pause <kbd>p</kbd>
        </button>
      )}
    </>
  );
}

const RESTART_SHOWN_MS = 15_000;

/** One line about the connection, above what is shown. */
function Banner() {
  const connection = useStore(live.connection);
  const restartedAt = useStore(live.restartedAt);
  const now = useClock(connection.kind === 'waiting' || restartedAt !== undefined);
  if (connection.kind === 'waiting') {
    const seconds = Math.max(0, Math.ceil((connection.retryAt - now) / 1000));
    return (
      <div class="ban wa" role="status">
        <i class="dot wa" />
        <span>
          No answer from the server since {clock(connection.since, now)}.{' '}
          {seconds > 0 ? `Trying again in ${seconds} s.` : 'Trying again.'}
        </span>
        <button type="button" onClick={() => live.retryNow()}>
          Try now
        </button>
      </div>
    );
  }
  if (connection.kind === 'crowded') {
    return (
      <div class="ban wa" role="status">
        <i class="dot wa" />
        <span>Too many watch already. Figures are asked for every 5 s until there is room.</span>
        <button type="button" onClick={() => live.retryNow()}>
          Try now
        </button>
      </div>
    );
  }
  if (restartedAt !== undefined && now - restartedAt < RESTART_SHOWN_MS) {
    return (
      <div class="ban info" role="status">
        <span>The server was restarted at {clock(restartedAt, now)}. Its counters begin anew.</span>
      </div>
    );
  }
  return null;
}

/** The time now, each second while `isOn`. */
export function useClock(isOn: boolean): number {
  const [now, setNow] = useState(Date.now());
  useEffect(() => {
    if (!isOn) return;
    setNow(Date.now());
    const timer = setInterval(() => setNow(Date.now()), 1000);
    return () => clearInterval(timer);
  }, [isOn]);
  return now;
}

export const RANGES = { '5m': 300, '30m': 1800, '1h': 3600, '2h': 7200 } as const;
export type RangeName = keyof typeof RANGES;
const RANGE_WORDS: Readonly<Record<RangeName, string>> = {
  '5m': '5 min',
  '30m': '30 min',
  '1h': '1 h',
  '2h': '2 h',
};

/** The range of the address, and the buttons for it; keys 1, 2 and 3. */
export function useRange(names: readonly RangeName[], usual: RangeName = names[0] as RangeName) {
  const { params } = useStore(place);
  const name = names.find((one) => one === params.range) ?? usual;
  const choose = (next: RangeName): void => change({ range: next === usual ? undefined : next });
  useKeys((key) => {
    const next = names[Number(key) - 1];
    if (!/^[123]$/.test(key) || next === undefined) return false;
    choose(next);
    return true;
  });
  const choices: Choice<RangeName>[] = names.map((value) => ({ value, label: RANGE_WORDS[value] }));
  return {
    name,
    words: RANGE_WORDS[name],
    seconds: RANGES[name],
    buttons: <Choices label="Range" choices={choices} value={name} choose={choose} />,
  };
}
