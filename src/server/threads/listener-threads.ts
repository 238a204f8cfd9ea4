/**
 * All listener threads of a server. The list is empty while the server is put together and grows as threads are started;
 * the parts that ask the threads something hold the list, not the threads.
 *
 * Thread  the control thread.
 */
import type { ListenerThread } from '../../listeners/thread/listener-thread.ts';
import type { ThreadCounts } from '../../telemetry/counters/thread-counts.ts';

export class ListenerThreads {
  private readonly started: ListenerThread[] = [];

  /** In the order they were started; the index of a thread is the number of its shard. */
  get list(): readonly ListenerThread[] {
    return this.started;
  }

  /** Takes a thread that was started. */
  add(thread: ListenerThread): void {
    this.started.push(thread);
  }

  at(shard: number): ListenerThread | undefined {
    return this.started[shard];
  }

  /** What every thread published. */
  counts(): ThreadCounts[] {
    return this.started.flatMap((thread) => thread.counts());
  }

  sum(count: (counts: ThreadCounts) => number): number {
    return this.counts().reduce((total, counts) => total + count(counts), 0);
  }

  /** Everything received before this Unix second is sealed and merged. */
  passed(): number {
    return Math.min(...this.started.map((thread) => thread.passed));
  }

  /** A number for each thread that changes while the thread makes progress. */
  heartbeats(): number[] {
    return this.started.map(({ control }) => control.edition);
  }

  /** Stops all of them. */
  async stop(): Promise<void> {
    await Promise.all(this.started.map((thread) => thread.stop()));
  }
}
