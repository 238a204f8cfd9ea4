/** What the HTTP API asks of the server; server.ts answers. */
import type { ContextQuery, ContextRow, MetricRow, MetricView, Page } from '../model/context-views.ts';
import type { ByteString } from '../model/text.ts';

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
  /** Part that a line must have, as bytes; empty for all. */
  readonly search: ByteString;
  /** Called with lines, and how many more there were that fit and were left out. */
  readonly take: (lines: readonly ByteString[], leftOut: number) => void;
}

export interface ApiSource {
  readonly views: Views;
  contexts(query: ContextQuery): Promise<Page<ContextRow>>;
  metrics(query: ContextQuery): Promise<Page<MetricRow>>;
  metric(name: string): Promise<MetricView | undefined>;
  /** Begins to show lines; what it returns ends that. Undefined when too many watch already. */
  watchMessages(watch: MessageWatch): (() => void) | undefined;
  /** Loads the configuration again; never rejects. */
  reload(): Promise<ReloadAnswer>;
  /** Seals and flushes what has closed by now; resolves with the number of aggregates. */
  flush(): Promise<number>;
  /** Takes a packet that came over HTTP; false when there is no room for it now. */
  takePacket(packet: Uint8Array): Promise<boolean>;
}
