/**
 * What `whippet top` knows and what the keys do to it: plain state and a pure function. Views (view-*.ts) turn it into
 * lines, the command (top-command.ts) feeds it.
 */
import type { TailLine } from '../../model/live/line-views.ts';
import type { HistoryAnswer, SeriesAnswer } from '../../model/live/series-views.ts';
import type { StreamTick } from '../../model/live/stream-views.ts';
import type { ContextTraffic, TrafficSort } from '../../model/live/traffic-views.ts';

export type View = 'metrics' | 'metric' | 'tail' | 'losses' | 'contexts' | 'keys';

/** Seconds of the plots, for `[` and `]`. */
export const RANGES = [300, 1800, 3600] as const;

export interface TopState {
  readonly view: View;
  readonly tick: StreamTick | undefined;
  readonly history: HistoryAnswer | undefined;
  readonly series: SeriesAnswer | undefined;
  readonly contexts: readonly ContextTraffic[];
  readonly tail: readonly TailLine[];
  readonly tailLeftOut: number;
  /** Name of the metric under the cursor, so that it stays on it when the order changes. */
  readonly cursor: string | undefined;
  /** First row shown. */
  readonly offset: number;
  readonly sort: TrafficSort;
  readonly reverse: boolean;
  readonly filter: string;
  /** The text while it is typed. */
  readonly typing: string | undefined;
  /** After `s`: the next letter picks the order. */
  readonly isSorting: boolean;
  readonly metric: string | undefined;
  readonly range: number;
  readonly isLinear: boolean;
  /** When it was paused, Unix seconds. */
  readonly pausedAt: number | undefined;
  /** Since when the server does not answer, and when it is tried again. */
  readonly lost: { readonly since: number; readonly retryAt: number; readonly why: string } | undefined;
  /** A word at the bottom, for a second. */
  readonly message: string;
  readonly now: number;
  /** Where the server and its page are. */
  readonly url: string;
}

export const INITIAL: TopState = {
  ...{ view: 'metrics', tick: undefined, history: undefined, series: undefined, contexts: [], tail: [] },
  ...{
    tailLeftOut: 0,
    cursor: undefined,
    offset: 0,
    sort: 'rate',
    reverse: false,
    filter: '',
    typing: undefined,
  },
  ...{ isSorting: false, metric: undefined, range: RANGES[0], isLinear: false, pausedAt: undefined },
  ...{ lost: undefined, message: '', now: 0, url: '' },
};

/** What a key asks of the command besides another state. */
export type Effect = 'quit' | 'copy' | undefined;

/** Letters after `s`. */
export const SORT_KEYS: Readonly<Record<string, TrafficSort>> = {
  ...{
    r: 'rate',
    m: 'samples',
    b: 'bytes',
    c: 'contexts',
    g: 'new',
    t: 'tag-values',
    n: 'name',
    l: 'last-seen',
  },
};

export const SORT_WORDS: Readonly<Record<TrafficSort, string>> = {
  ...{ rate: 'rate', samples: 'samples', bytes: 'bytes', contexts: 'contexts', new: 'growth' },
  ...{ 'tag-values': 'tag values', errors: 'errors', name: 'name', 'last-seen': 'last seen' },
};

/** The state after a key (keys.ts), and what is to be done. `page` is how many rows a page has. */
export function press(state: TopState, key: string, page: number): readonly [TopState, Effect] {
  if (key === 'ctrl-c') return [state, 'quit'];
  if (state.typing !== undefined) return [type(state, key), undefined];
  if (state.isSorting) return [pickSort(state, key), undefined];
  if (key === 'q') return [state, 'quit'];
  if (key === 'y') return [state, 'copy'];
  return [act(state, key, page), undefined];
}

function act(state: TopState, key: string, page: number): TopState {
  switch (key) {
    case '/':
      return { ...state, view: state.view === 'tail' ? 'tail' : 'metrics', typing: state.filter };
    case 's':
      return { ...state, isSorting: true };
    case 'S':
    case 'r':
      return { ...state, reverse: !state.reverse, offset: 0 };
    case 'p':
      return { ...state, pausedAt: state.pausedAt === undefined ? state.now : undefined };
    case '?':
      return { ...state, view: state.view === 'keys' ? 'metrics' : 'keys' };
    case 't':
      return { ...state, view: 'tail' };
    case 'l':
      return state.view === 'metric' ? { ...state, isLinear: !state.isLinear } : { ...state, view: 'losses' };
    case 'k':
      return { ...state, view: 'contexts' };
    case 'm':
      return { ...state, view: 'metrics' };
    case 'enter':
      return open(state);
    case 'esc':
      return back(state);
    case '[':
    case ']':
      return { ...state, range: nextRange(state.range, key === ']' ? 1 : -1) };
    default:
      return move(state, key, page);
  }
}

function type(state: TopState, key: string): TopState {
  const typed = state.typing ?? '';
  if (key === 'enter') return { ...state, typing: undefined, filter: typed, offset: 0, cursor: undefined };
  if (key === 'esc') return { ...state, typing: undefined };
  if (key === 'backspace')
    return { ...state, typing: typed.slice(0, -1), filter: typed.slice(0, -1), offset: 0 };
  const char = key === 'space' ? ' ' : key;
  // What is typed filters at once.
  return [...char].length === 1 ? { ...state, typing: typed + char, filter: typed + char, offset: 0 } : state;
}

function pickSort(state: TopState, key: string): TopState {
  const sort = SORT_KEYS[key];
  if (sort === undefined) return { ...state, isSorting: false };
  return {
    ...state,
    isSorting: false,
    sort,
    reverse: sort === state.sort ? !state.reverse : false,
    offset: 0,
  };
}

function open(state: TopState): TopState {
  if (state.view !== 'metrics') return state;
  const metric = state.cursor ?? state.tick?.top.rows[0]?.name;
  return metric === undefined ? state : { ...state, view: 'metric', metric, series: undefined };
}

function back(state: TopState): TopState {
  if (state.view !== 'metrics') return { ...state, view: 'metrics', metric: undefined };
  return state.filter === '' ? state : { ...state, filter: '', offset: 0 };
}

function nextRange(range: number, by: number): number {
  const at = (RANGES as readonly number[]).indexOf(range);
  return RANGES[Math.min(RANGES.length - 1, Math.max(0, at + by))] ?? range;
}

/** Moves the cursor over the rows; beyond the edge of the page the rows move. */
function move(state: TopState, key: string, page: number): TopState {
  const steps: Readonly<Record<string, number>> = {
    ...{ up: -1, down: 1, pageup: -page, pagedown: page, home: -1e9, end: 1e9 },
  };
  const step = steps[key];
  const { top } = state.tick ?? {};
  if (step === undefined || state.view !== 'metrics' || top === undefined) return state;
  const names = top.rows.map(({ name }) => name);
  const at = Math.max(0, state.cursor === undefined ? 0 : names.indexOf(state.cursor));
  const place = Math.min(top.total - 1, Math.max(0, state.offset + at + step));
  const offset = Math.min(Math.max(state.offset, place - page + 1), place);
  const cursor = names[place - state.offset];
  return { ...state, offset: Math.max(0, offset), cursor: cursor ?? undefined };
}
