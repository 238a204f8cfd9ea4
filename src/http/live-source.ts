/** What the routes of the live views ask of the server (live-routes.ts). */
import type { ContextType } from '../model/context.ts';
import type { ExplainAnswer } from '../model/live/line-views.ts';
import type { HistoryAnswer, SeriesAnswer } from '../model/live/series-views.ts';
import type { AgentStats, ConfigDiff, WithoutAnswer } from '../model/live/server-views.ts';
import type { TopAnswer, TopBy, TrafficSort } from '../model/live/traffic-views.ts';

/** Which metrics, in which order. */
export interface RowsQuery {
  readonly search: string;
  readonly type: ContextType | undefined;
  readonly reverse: boolean;
  readonly offset: number;
  readonly limit: number;
  readonly since: number;
}

export interface TopQuery extends RowsQuery {
  readonly by: TopBy;
  /** Undefined for what `by` asks for. */
  readonly sort: TrafficSort | undefined;
  /** Of `by=context`: only those of this metric. */
  readonly metric: string | undefined;
}

export interface SeriesRequest {
  readonly metric: string;
  readonly range: number;
  /** 1 for seconds, where they are kept. */
  readonly step: number | undefined;
  readonly by: string | undefined;
  readonly type: ContextType | undefined;
  readonly limit: number;
}

/** What a reader of the stream has on its screen. */
export interface StreamQuery extends RowsQuery {
  readonly sort: TrafficSort;
  /** Its series are in every tick, by the second. */
  readonly metric: string | undefined;
  readonly seriesType: ContextType | undefined;
  readonly groupBy: string | undefined;
  /** Rows of the series. */
  readonly rows: number;
}

/** A tick (model/live/stream-views.ts) as JSON; one object for all readers of the same, so that it is rendered once. */
export interface TickText {
  readonly json: string;
}

export interface LiveSource {
  top(query: TopQuery): Promise<TopAnswer>;
  /** Undefined when nothing of the metric is held. */
  series(query: SeriesRequest): Promise<SeriesAnswer | undefined>;
  history(range: number): HistoryAnswer;
  /** One tick, for who finds no room among the readers of the stream. */
  tick(query: StreamQuery): Promise<TickText>;
  /** Sends a tick every second; what it returns ends that. Undefined when too many look on already. */
  stream(query: StreamQuery, send: (tick: TickText) => void): (() => void) | undefined;
  explain(
    packet: Uint8Array,
    sender: { readonly source: string; readonly origin: string; readonly pid: number },
  ): Promise<ExplainAnswer>;
  configDiff(): Promise<ConfigDiff>;
  /** Undefined when the metric is not known. */
  without(metric: string, key: string): Promise<WithoutAnswer | undefined>;
  agentStats(): Promise<AgentStats>;
  /** Contexts as the Agent dumps them, in pieces. */
  dump(): Iterable<string>;
}
