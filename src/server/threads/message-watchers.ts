/**
 * Whoever watches messages over HTTP: what they look for is told to the listener threads, what those find is judged by
 * walking the cold path (live/line-verdict.ts), and goes to whom it fits.
 *
 * Limits  WATCHERS_MAX at a time; LINES_PER_SECOND lines of each thread.
 */
import type { MessageWatch } from '../../http/api-source.ts';
import type { WalkSettings } from '../../inspect/explain/walk.ts';
import type { ListenerThread } from '../../listeners/thread/listener-thread.ts';
import type { TailLine } from '../../model/live/line-views.ts';
import { type ByteString, toText } from '../../model/text.ts';
import type { verdictOf } from '../live/line-verdict.ts';

const WATCHERS_MAX = 16;
const LINES_PER_SECOND = 500;

export interface MessageWatchersOptions {
  readonly threads: readonly ListenerThread[];
  /** What lines are walked with now. */
  readonly settings: () => WalkSettings;
  /** Unix seconds with fraction. */
  readonly clock: () => number;
}

export class MessageWatchers {
  private readonly options: MessageWatchersOptions;
  private readonly watchers = new Set<MessageWatch>();
  /** Loaded when somebody watches for the first time. */
  private judge: typeof verdictOf | undefined;

  constructor(options: MessageWatchersOptions) {
    this.options = options;
  }

  /** Begins to watch; what it returns ends that. Undefined when too many do already. */
  add(watcher: MessageWatch): (() => void) | undefined {
    if (this.watchers.size >= WATCHERS_MAX) return undefined;
    this.watchers.add(watcher);
    void import('../live/line-verdict.ts').then(({ verdictOf }) => {
      this.judge = verdictOf;
      this.notifyAll();
    });
    return () => {
      this.watchers.delete(watcher);
      this.notifyAll();
    };
  }

  /** Tells a thread what is looked for; to be called for one that is started while somebody watches. */
  notify(thread: ListenerThread): void {
    const searches = new Map([...this.watchers].map(({ search }) => [JSON.stringify(search), search]));
    thread.watch(this.judge === undefined ? [] : [...searches.values()], LINES_PER_SECOND);
  }

  /** Takes what thread number `shard` found. */
  accept(shard: number, lines: readonly ByteString[], leftOut: number): void {
    const { judge } = this;
    if (judge === undefined || this.watchers.size === 0) return;
    const { threads, settings, clock } = this.options;
    const listener = threads[shard]?.listenerKind ?? '';
    const walk = settings();
    const at = clock();
    const judged = lines.flatMap((line) => {
      const verdict = judge(line, walk);
      return verdict === undefined
        ? []
        : [{ line, shown: { line: toText(line), at, listener, ...verdict } as TailLine }];
    });
    for (const { search, fits, accept } of this.watchers) {
      const own = judged.filter(
        ({ line, shown }) => search.parts.every((part) => line.includes(part)) && fits(shown),
      );
      if (own.length > 0 || leftOut > 0)
        accept(
          own.map(({ shown }) => shown),
          leftOut,
        );
    }
  }

  private notifyAll(): void {
    for (const thread of this.options.threads) this.notify(thread);
  }
}
