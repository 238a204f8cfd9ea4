/** What GET /api/<name> answers as JSON, of the server as a whole. */
import type { Registry } from '../../aggregate/contexts/registry.ts';
import type { Views } from '../../http/api-source.ts';
import type { FanOut } from '../../outputs/fan-out.ts';
import type { CurrentConfig } from '../current-config.ts';
import type { Flusher } from '../flush/flusher.ts';
import type { GlobalPart } from '../global/global-part.ts';
import type { ServerHealth } from '../health.ts';
import type { ListenerParts } from '../threads/listener-parts.ts';
import type { ListenerThreads } from '../threads/listener-threads.ts';
import type { Listening } from '../threads/listening.ts';
import type { StreamWatch } from '../threads/stream-watch.ts';
import type { CardinalityWatch } from '../watches/cardinality-watch.ts';
import type { SelfTelemetry } from '../watches/self-telemetry.ts';
import { viewStatus } from './status-view.ts';

export interface ServerViewParts {
  readonly version: string;
  /** Unix seconds. */
  readonly startedAt: number;
  readonly current: CurrentConfig;
  readonly threads: ListenerThreads;
  readonly registry: Registry;
  readonly listening: Listening;
  readonly listenerParts: ListenerParts;
  readonly streams: StreamWatch;
  readonly cardinality: CardinalityWatch;
  readonly self: SelfTelemetry;
  readonly outputs: FanOut;
  /** Present with a `global.role`. */
  readonly global: GlobalPart | undefined;
  readonly flusher: Flusher;
  readonly health: ServerHealth;
}

export function serverViews(parts: ServerViewParts): Views {
  const { current, threads, listenerParts, streams, cardinality, self, outputs, global } = parts;
  return {
    status: () => statusOf(parts),
    config: () => current.view,
    connections: () => streams.connections(threads.list, current.config.listeners.connections_max),
    cardinality: () => cardinality.view(),
    clients: () => self.clientReport(),
    ledger: () => self.report(),
    outputs: () => outputs.status(),
    ...listenerParts.views(),
    ...(global && { global: () => global.view() }),
  };
}

function statusOf(parts: ServerViewParts): object {
  const { version, startedAt, current, threads, registry, listening, flusher, health } = parts;
  return viewStatus({
    version,
    startedAt,
    now: Date.now() / 1000,
    listeners: listening.addresses,
    threads: threads.list.map((thread) => thread.listenerKind),
    contexts: registry.size,
    flushes: flusher.count,
    bucketSeconds: current.config.bucket_seconds,
    health: health.report(),
  });
}
