/**
 * The control thread's side of the stream listeners: what their thread is told, what it says for
 * the log, and its connections.
 */
import type { Config } from '../../config/schema.ts';
import type { StreamListener, StreamSettings } from '../../listeners/stream/stream-settings.ts';
import type { ListenerThread } from '../../listeners/thread/listener-thread.ts';
import type { ConnectionReport, ConnectionsView } from '../../model/connection.ts';
import { toSafeText } from '../../outputs/safe-text.ts';
import { makeControlBuffer } from '../../telemetry/counters/control-word.ts';
import type { Logger } from '../../telemetry/logger.ts';

export class StreamWatch {
  private readonly log: Logger;

  constructor(log: Logger) {
    this.log = log;
  }

  settingsOf(listeners: readonly StreamListener[], config: Config): StreamSettings {
    return {
      kind: 'streams',
      listeners,
      shares: listeners.length > 1 ? listeners.map(() => makeControlBuffer()) : [],
      connectionsMax: config.listeners.connections_max,
      idleTimeoutMs: config.listeners.idle_timeout_seconds * 1000,
      logTooBig: config.dogstatsd_stream_log_too_big,
    };
  }

  /** One line for each report; the thread has held back what would be too many. */
  report({ detail, quote, leftOut, ...fields }: ConnectionReport): void {
    this.log.warn(
      {
        ...fields,
        ...(quote === undefined ? {} : { quote: toSafeText(quote) }),
        ...(leftOut === 0 ? {} : { leftOut }),
      },
      `connection: ${detail}`,
    );
  }

  /** What GET /api/connections answers. */
  async connections(threads: readonly ListenerThread[], limit: number): Promise<ConnectionsView> {
    const thread = threads.find(({ isStream }) => isStream);
    if (thread === undefined) return { open: 0, limit, omitted: 0, connections: [] };
    const view = await thread.connections();
    if (view === undefined) throw new Error('the stream thread did not answer in time');
    return view;
  }
}
