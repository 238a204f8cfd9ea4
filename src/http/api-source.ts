/** What the HTTP API asks of the server; server.ts answers. */

import type { TailLine } from '../model/live/line-views.ts';
import type { CaptureView } from '../model/views/capture-view.ts';
import type { ContextQuery, ContextRow, MetricRow, MetricView, Page } from '../model/views/context-views.ts';
import type { LineSearch } from '../model/views/line-search.ts';
import type { OriginReport } from '../model/views/origin-report.ts';
import type { MissedBody } from '../telemetry/counters/http-counters.ts';
import type { LiveSource } from './live-source.ts';

/** What a reload led to; the answer to POST /-/reload. */
export interface ReloadAnswer {
  readonly ok: boolean;
  /** Keys that changed, and keys that would have but need a restart. */
  readonly changed?: readonly string[];
  readonly needRestart?: readonly string[];
  /** What is wrong with the new configuration; nothing was changed then. */
  readonly problems?: readonly string[];
}

/** What `GET /api/<name>` answers, by name; called for each request. */
export type Views = Readonly<Record<string, () => unknown>>;

/** Lines as they arrive, for as long as somebody watches. */
export interface MessageWatch {
  /** What the listener threads pick by. */
  readonly search: LineSearch;
  /** Whether a line that was picked is one of those that are looked for. */
  readonly fits: (line: TailLine) => boolean;
  /** Called with lines, and how many more there were that fit, or may have, and were left out. */
  readonly accept: (lines: readonly TailLine[], leftOut: number) => void;
}

/** Where a capture goes. */
export interface CaptureSinkLike {
  readonly pendingBytes: number;
  write(bytes: Uint8Array): void;
  end(): void;
}

export interface CaptureOrder {
  /** How long to capture, ms; for a look back how far. */
  readonly durationMs: number;
  readonly isLast: boolean;
  readonly compress: boolean;
  readonly filter: readonly string[];
  readonly reason: string;
}

export interface CaptureSource {
  /** Begins to write to the sink, or says why not. */
  start(
    order: CaptureOrder,
    sink: CaptureSinkLike,
  ): 'busy' | 'no_ring' | 'stopping' | { readonly done: Promise<CaptureView> };
  /** Ends the capture under way; false when there is none. */
  stop(): boolean;
  view(): unknown;
  /** What is wrong with filters; undefined when nothing is. */
  checkFilter(texts: readonly string[]): string | undefined;
}

export interface ReplaySessionLike {
  /** Captured processes and containers. */
  readonly processes: number;
  readonly entities: number;
  end(): void;
}

export interface ApiSource {
  readonly views: Views;
  contexts(query: ContextQuery): Promise<Page<ContextRow>>;
  metrics(query: ContextQuery): Promise<Page<MetricRow>>;
  metric(name: string): Promise<MetricView | undefined>;
  /** What is known of senders and their containers: everything, or what fits `of`. */
  origins(of: string, limit: number): OriginReport;
  /** Begins a replay in which `pid` speaks for the senders of a capture, or says why not. */
  startReplay(pid: number, state: Uint8Array): ReplaySessionLike | 'off' | 'busy' | 'bad_state';
  readonly capture: CaptureSource;
  /** Begins to show lines; what it returns ends that. Undefined when too many watch already. */
  watchMessages(watch: MessageWatch): (() => void) | undefined;
  /** Loads the configuration again; never rejects. */
  reload(): Promise<ReloadAnswer>;
  /** Seals and flushes what has closed by now; resolves with the number of aggregates. */
  flush(): Promise<number>;
  /** The live views. */
  readonly live: LiveSource;
  /** Takes a packet that came over HTTP; false when there is no room for it now. */
  acceptPacket(packet: Uint8Array): Promise<boolean>;
  /** A body was not taken, before it could be given to acceptPacket(). */
  missPacket(reason: MissedBody): void;
  /** A connection came; beyond the limit it was closed at once. */
  noteConnection(isRefused: boolean): void;
}
