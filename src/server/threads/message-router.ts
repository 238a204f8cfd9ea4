/**
 * Gives each message of a listener thread to the part it concerns.
 *
 * Thread  the control thread.
 */
import type { ShardMessage } from '../../model/shard-message.ts';
import type { EchoPrinter } from '../../outputs/echo.ts';
import type { FanOut } from '../../outputs/fan-out.ts';
import type { CaptureService } from '../capture/capture-service.ts';
import type { LiveStatistics } from '../live/live-statistics.ts';
import type { OriginPart } from '../origin/origin-part.ts';
import type { CardinalityWatch } from '../watches/cardinality-watch.ts';
import type { RejectedLog } from '../watches/log-rejected.ts';
import type { Inbox } from './inbox.ts';
import type { ListenerThreads } from './listener-threads.ts';
import type { Listening } from './listening.ts';
import type { Merging } from './merging.ts';
import type { MessageWatchers } from './message-watchers.ts';
import type { StreamWatch } from './stream-watch.ts';

export interface MessageRouterParts {
  readonly threads: ListenerThreads;
  readonly inbox: Pick<Inbox, 'add'>;
  readonly merging: Merging;
  readonly cardinality: CardinalityWatch;
  readonly statistics: LiveStatistics;
  readonly outputs: FanOut;
  readonly watchers: MessageWatchers;
  /** Where people read of rejected lines. */
  readonly rejected: RejectedLog;
  readonly streams: StreamWatch;
  readonly listening: Listening;
  readonly captures: CaptureService;
  /** Finds out what lines wait for. */
  readonly origins: Pick<OriginPart, 'find'>;
  /** Present with `outputs.echo`. */
  readonly echo: EchoPrinter | undefined;
}

export class MessageRouter {
  private readonly parts: MessageRouterParts;

  constructor(parts: MessageRouterParts) {
    this.parts = parts;
  }

  /** Takes what the thread with number `shard` said. */
  accept(shard: number, message: ShardMessage): void {
    const { inbox, merging, cardinality, statistics, outputs, watchers, rejected, streams, captures, echo } =
      this.parts;
    const thread = this.parts.threads.at(shard);
    switch (message.kind) {
      case 'contexts':
      case 'freed':
      case 'sealed':
        merging.accept(shard, message);
        break;
      case 'over_limit':
        // A thread tells up to a thousand of them at once; the event loop has its turn in between.
        inbox.add(() => {
          cardinality.sample(message.limit, message.name, message.tags);
          statistics.onOverLimit(message);
        });
        break;
      case 'event':
        thread?.control.take();
        outputs.event(message.event, message.receivedAt);
        statistics.onEvent(message.event, message.receivedAt);
        break;
      case 'service_check':
        thread?.control.take();
        outputs.serviceCheck(message.check, message.receivedAt);
        break;
      case 'watched':
        watchers.accept(shard, message.lines, message.leftOut);
        break;
      case 'rejected':
        statistics.onRejected(message, thread?.listenerKind ?? '');
        rejected.add(message);
        break;
      case 'wanted':
        void this.parts.origins.find(message.key).then((isKnown) => {
          if (!isKnown) thread?.notFound([message.key]);
        });
        break;
      case 'connection':
        streams.report(message.report);
        break;
      case 'connection_passed':
        this.parts.listening.leave(thread?.streamListeners[message.listener], message.connection);
        break;
      case 'captured':
        captures.accept(shard, message);
        break;
      case 'echo':
        echo?.accept(message.lines, message.leftOut);
        break;
    }
  }
}
