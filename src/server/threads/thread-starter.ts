/**
 * Starts listener threads: each with the settings of all and its own, and connected to the parts that have to know it.
 *
 * Thread  the control thread.
 */
import type { Ticker } from '../../lib/time/ticker.ts';
import { ListenerThread } from '../../listeners/thread/listener-thread.ts';
import type { SpareThread } from '../../listeners/thread/spare-thread.ts';
import type { UnknownFieldWatch } from '../watches/unknown-field-watch.ts';
import type { Inbox } from './inbox.ts';
import type { ListenerThreads } from './listener-threads.ts';
import type { MessageRouter } from './message-router.ts';
import type { OwnSettings } from './start-threads.ts';
import type { SharedSettings } from './thread-settings.ts';

export interface ThreadStarterParts {
  readonly threads: ListenerThreads;
  readonly settings: SharedSettings;
  readonly unknownFields: UnknownFieldWatch;
  readonly router: MessageRouter;
  readonly inbox: Inbox;
  readonly ticker: Ticker;
  /** Parts that tell a new thread what they want of it. */
  readonly followers: readonly { notify(thread: ListenerThread): void }[];
  /** A thread died: the server cannot go on. */
  readonly onFatal: (error: Error) => void;
  /** Taken by the first that is started. */
  readonly spare: SpareThread | undefined;
}

export class ThreadStarter {
  private readonly parts: ThreadStarterParts;

  constructor(parts: ThreadStarterParts) {
    this.parts = parts;
  }

  /** `kind` is that of its listener, for telemetry. */
  start(kind: string, own: OwnSettings): ListenerThread {
    const { threads, settings, unknownFields, router, inbox, ticker, followers, onFatal, spare } = this.parts;
    const shard = threads.list.length;
    const thread: ListenerThread = new ListenerThread({
      listenerKind: kind,
      settings: { ...settings, ...own, unknownFields: unknownFields.addThread() },
      waiting: spare?.take(),
      onMessage: (message) => router.accept(shard, message),
      onPassed: (start) =>
        inbox.add(() => {
          thread.passed = start;
          ticker.notify();
        }),
      onFailure: onFatal,
    });
    threads.add(thread);
    for (const follower of followers) follower.notify(thread);
    return thread;
  }
}
