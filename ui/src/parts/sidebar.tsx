/** The sidebar, which shows how things are beside each view, and the tabs that take its place on a phone. */
import type { StreamTick } from '../../../src/model/live/stream-views.ts';
import { compact, count, rate } from '../format/numbers.ts';
import { span } from '../format/times.ts';
import { formatRoute, type View } from '../router.ts';
import { useStore } from '../state/store.ts';
import { nextTheme, theme } from '../state/theme.ts';
import { dialog } from './dialogs.tsx';
import { Icon, type IconName, Logo } from './icon.tsx';

interface Item {
  readonly view: View;
  readonly name: string;
  readonly icon: IconName;
}

const ITEMS: readonly (Item | undefined)[] = [
  { view: 'overview', name: 'Overview', icon: 'overview' },
  { view: 'metrics', name: 'Metrics', icon: 'metrics' },
  { view: 'tail', name: 'Live tail', icon: 'tail' },
  { view: 'cardinality', name: 'Cardinality', icon: 'cardinality' },
  { view: 'losses', name: 'Losses', icon: 'losses' },
  undefined,
  { view: 'explain', name: 'Explain', icon: 'explain' },
  { view: 'config', name: 'Configuration', icon: 'config' },
];

const TABS: readonly Item[] = [
  { view: 'overview', name: 'Overview', icon: 'overview' },
  { view: 'metrics', name: 'Metrics', icon: 'metrics' },
  { view: 'tail', name: 'Tail', icon: 'tail' },
  { view: 'losses', name: 'Losses', icon: 'losses' },
  { view: 'more', name: 'More', icon: 'more' },
];
/** What is found under More. */
export const MORE: readonly View[] = ['cardinality', 'explain', 'config', 'more'];

export function Sidebar({ view, tick }: { readonly view: View; readonly tick: StreamTick | undefined }) {
  const isEmpty = tick === undefined || isNothingReceived(tick);
  return (
    <aside class="side" aria-label="Server">
      <div class="logo">
        <Logo />
        <span>whippet</span>
      </div>
      <nav class="nav" aria-label="Views">
        {ITEMS.map((item) => {
          if (item === undefined) return <hr key="rule" />;
          const note = isEmpty ? undefined : noteOf(item.view, tick);
          return (
            <a
              key={item.view}
              href={formatRoute(item.view)}
              title={item.name}
              aria-current={item.view === view ? 'page' : undefined}
            >
              <Icon name={item.icon} />
              <span>{item.name}</span>
              {note !== undefined && (
                <>
                  <span class={`count ${note.tone}`} title={note.title}>
                    {note.text}
                  </span>
                  {note.tone !== '' && <i class={`dot mark ${note.tone}`} />}
                </>
              )}
            </a>
          );
        })}
      </nav>
      <div class="facts">
        {tick !== undefined && (
          <>
            <b class="el">{tick.hostname}</b>
            <br />
            {tick.version}, up {span(Math.max(0, Math.floor(tick.at - tick.startedAt)))}
          </>
        )}
        <Hints />
      </div>
    </aside>
  );
}

function Hints() {
  const chosen = useStore(theme);
  return (
    <span class="hints">
      <button type="button" onClick={() => (dialog.value = 'keys')}>
        <kbd>?</kbd> keys
      </button>
      <button type="button" onClick={nextTheme} title={`Theme: ${chosen}`}>
        <kbd>t</kbd> theme{chosen === 'system' ? '' : `: ${chosen}`}
      </button>
    </span>
  );
}

export function Tabs({ view, tick }: { readonly view: View; readonly tick: StreamTick | undefined }) {
  return (
    <nav class="tabs" aria-label="Views">
      {TABS.map((item) => {
        const isHere = item.view === view || (item.view === 'more' && MORE.includes(view));
        const views = item.view === 'more' ? MORE : [item.view];
        const tone =
          tick === undefined ? '' : (views.map((one) => noteOf(one, tick)?.tone).find(Boolean) ?? '');
        return (
          <a key={item.view} href={formatRoute(item.view)} aria-current={isHere ? 'page' : undefined}>
            <Icon name={item.icon} size={18} />
            {item.name}
            {tone !== '' && <i class={`dot ${tone}`} />}
          </a>
        );
      })}
    </nav>
  );
}

interface Note {
  readonly text: string;
  readonly tone: '' | 'wa' | 'lo';
  readonly title: string;
}

/** What is worth knowing of a view without opening it. */
function noteOf(view: View, tick: StreamTick): Note | undefined {
  if (view === 'metrics') return { text: count(tick.metrics), tone: '', title: 'metrics' };
  if (view === 'tail') {
    const { messages } = tick.rates;
    return {
      text: `${messages >= 10_000 ? compact(messages) : rate(messages)}/s`,
      tone: '',
      title: 'lines a second',
    };
  }
  if (view === 'cardinality' && tick.growing.length > 0) {
    return { text: count(tick.growing.length), tone: 'wa', title: 'metrics that grow' };
  }
  if (view === 'losses') {
    const lost = tick.losses.reduce((sum, loss) => sum + loss.count, 0);
    if (lost > 0) return { text: compact(lost), tone: 'lo', title: 'lost since the start' };
  }
  return undefined;
}

export function isNothingReceived({ equation, listeners }: StreamTick): boolean {
  return equation.received === 0 && listeners.every(({ packets }) => packets === 0);
}
