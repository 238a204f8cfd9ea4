/**
 * Whoever watches messages over HTTP: what they look for is told to the intake threads, and what those find goes to
 * whom it fits.
 *
 * Limits  WATCHERS_MAX at a time; LINES_PER_SECOND lines of each thread.
 */
import type { IntakeThread } from '../intake/intake-thread.ts';
import type { ByteString } from '../model/text.ts';

const WATCHERS_MAX = 8;
const LINES_PER_SECOND = 500;

/** Lines as they arrive, for as long as somebody watches. */
export interface MessageWatcher {
  /** Part that a line must have, as bytes; empty for all. */
  readonly search: ByteString;
  readonly take: (lines: readonly ByteString[], leftOut: number) => void;
}

export class MessageWatchers {
  private readonly threads: readonly IntakeThread[];
  private readonly watchers = new Set<MessageWatcher>();

  constructor(threads: readonly IntakeThread[]) {
    this.threads = threads;
  }

  /** Begins to watch; what it returns ends that. Undefined when too many do already. */
  add(watcher: MessageWatcher): (() => void) | undefined {
    if (this.watchers.size >= WATCHERS_MAX) return undefined;
    this.watchers.add(watcher);
    for (const thread of this.threads) this.tell(thread);
    return () => {
      this.watchers.delete(watcher);
      for (const thread of this.threads) this.tell(thread);
    };
  }

  /** Tells a thread what is looked for; to be called for one that is started while somebody watches. */
  tell(thread: IntakeThread): void {
    const searches = [...new Set([...this.watchers].map(({ search }) => search))];
    thread.watch(searches, LINES_PER_SECOND);
  }

  /** Takes what a thread found. */
  take(lines: readonly ByteString[], leftOut: number): void {
    for (const { search, take } of this.watchers) {
      const fitting = lines.filter((line) => line.includes(search));
      if (fitting.length > 0 || leftOut > 0) take(fitting, leftOut);
    }
  }
}
