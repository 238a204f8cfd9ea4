/**
 * The control thread's side of the stream listeners: what their thread is told, what it counts, what it says for
 * the log, and its connections.
 */
import type { Config } from '../config/schema.ts';
import type { IntakeThread } from '../intake/intake-thread.ts';
import type { StreamListener, StreamSettings } from '../intake/stream-settings.ts';
import type { ConnectionReport, ConnectionsView, StreamKind } from '../model/connection.ts';
import { toSafeText } from '../outputs/safe-text.ts';
import { makeControlBuffer } from '../telemetry/control-word.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { OwnMetric } from '../telemetry/metric.ts';
import { STREAM_COUNTER_BYTES, StreamCounters } from '../telemetry/stream-counters.ts';
import { streamMetrics } from '../telemetry/stream-metrics.ts';

export class StreamWatch {
  /** What the stream thread has counted, by kind of listener. */
  readonly counters: StreamCounters;
  private readonly log: Logger;
  private readonly memory = new SharedArrayBuffer(STREAM_COUNTER_BYTES);
  private kinds: readonly StreamKind[] = [];

  constructor(log: Logger) {
    this.log = log;
    this.counters = new StreamCounters(this.memory);
  }

  settingsOf(listeners: readonly StreamListener[], config: Config): StreamSettings {
    this.kinds = listeners.map(({ kind }) => kind);
    return {
      kind: 'streams',
      listeners,
      shares: listeners.length > 1 ? listeners.map(() => makeControlBuffer()) : [],
      counters: this.memory,
      connectionsMax: config.intake.connections_max,
      idleTimeoutMs: config.intake.idle_timeout_seconds * 1000,
      logTooBig: config.dogstatsd_stream_log_too_big,
    };
  }

  /** One line for each report; the thread has held back what would be too many. */
  say({ detail, quote, leftOut, ...fields }: ConnectionReport): void {
    this.log.warn(
      {
        ...fields,
        ...(quote === undefined ? {} : { quote: toSafeText(quote) }),
        ...(leftOut === 0 ? {} : { leftOut }),
      },
      `connection: ${detail}`,
    );
  }

  metrics(): OwnMetric[] {
    return streamMetrics(this.counters, this.kinds);
  }

  /** What GET /api/connections answers. */
  async connections(threads: readonly IntakeThread[], limit: number): Promise<ConnectionsView> {
    const thread = threads.find(({ isStream }) => isStream);
    if (thread === undefined) return { open: 0, limit, omitted: 0, connections: [] };
    const view = await thread.connections();
    if (view === undefined) throw new Error('the stream thread did not answer in time');
    return view;
  }
}
