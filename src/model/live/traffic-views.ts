/**
 * Rows and answers of GET /api/top: busiest metrics, contexts, senders and errors, with the bounds of SpaceSaving.
 *
 * Plain data that crosses HTTP as JSON, for the page (ui/), `whippet top` and `whippet tail`. Times are Unix seconds, with a fraction
 * where it matters; `null` means "not known", never 0. Text is decoded for people: it is untrusted and may hold control characters.
 */
import type { ContextType } from '../context.ts';

/** `GET /api/top?by=…`. */
export const TOP_BY = [
  'samples',
  'bytes',
  'contexts',
  'tag-values',
  'origin',
  'client',
  'listener',
  'errors',
  'context',
] as const;

export type TopBy = (typeof TOP_BY)[number];

/** Order of metric rows (`sort`); names from a to z in natural order, everything else largest first. */
export const TRAFFIC_SORTS = [
  'rate',
  'samples',
  'bytes',
  'contexts',
  'new',
  'tag-values',
  'errors',
  'name',
  'last-seen',
] as const;

export type TrafficSort = (typeof TRAFFIC_SORTS)[number];

/** Samples per second, averaged over the last 10 seconds, minute and 10 minutes that are covered. */
export interface Rates {
  readonly s10: number;
  readonly s60: number;
  readonly s600: number;
}

/** What the values of a metric came to in its last closed bucket, all contexts together. */
export interface ValueSummary {
  readonly type: ContextType;
  /** Start and width of the bucket. */
  readonly at: number;
  readonly interval: number;
  /**
   * Counter: the total. Gauge: the last value of the context seen last. Set: distinct elements summed over the
   * contexts. Histogram and distribution: p50, null when not computed.
   */
  readonly value: number | null;
  /** Histogram and distribution only; null when not computed. */
  readonly p95: number | null;
  readonly p99: number | null;
  readonly max: number | null;
  /** Values in the bucket, weighted by their rates. */
  readonly count: number | null;
}

/** One metric: the row of `by=samples`, `bytes`, `contexts`, `tag-values`, and of `top` in the stream. */
export interface MetricTraffic {
  readonly name: string;
  /** More than one is a type conflict. */
  readonly types: readonly ContextType[];
  /** Values since the metric is known: each value of a packed line counts. */
  readonly samples: number;
  /** `samples` may be too high by so much: metrics beyond the exact table. 0 for all others. */
  readonly error: number;
  /** Bytes of its lines, estimated from the length of its contexts and the bytes that really arrived. */
  readonly bytes: number;
  readonly rates: Rates;
  readonly bytesPerSecond: number;
  /** Contexts now, and new ones in the last minute. */
  readonly contexts: number;
  readonly newPerMinute: number;
  /** Distinct values of the tag key that has most, and its name; null while not looked at. */
  readonly tagValues: number | null;
  readonly tagKey: string | null;
  readonly firstSeen: number;
  readonly lastSeen: number;
  /** Samples of the last 5 minutes in 30 cells of 10 s, the oldest first. */
  readonly spark: readonly number[];
  /** Null before its first bucket has closed. */
  readonly last: ValueSummary | null;
  /** Samples that were over a limit on cardinality since the start. */
  readonly overLimit: number;
}

/** One context: the row of `by=context`. */
export interface ContextTraffic {
  readonly name: string;
  readonly type: ContextType;
  readonly host: string;
  readonly tags: readonly string[];
  readonly samples: number;
  /** The true count is at least `samples - error`; 0 for exact rows. Not 0 for contexts refused by a limit. */
  readonly error: number;
  /** Whether a limit keeps it from having a series of its own. */
  readonly overLimit: boolean;
  readonly lastSeen: number;
  /** Of the last bucket, and smoothed over about a minute and ten; null where the history does not hold it. */
  readonly rates: Rates | null;
  readonly last: ValueSummary | null;
}

/** One sender: the row of `by=origin`. */
export interface OriginTraffic {
  /** `container 3f2a…`, `pod …`, `process 411 (node)`, `address 10.0.0.7`, or `unknown`. */
  readonly origin: string;
  readonly kind: 'container' | 'pod' | 'process' | 'address' | 'unknown';
  readonly packets: number | null;
  readonly messages: number;
  readonly bytes: number | null;
  readonly errors: number;
  /** Overestimate at most of `messages`: SpaceSaving. 0 when exact. */
  readonly error: number;
  readonly lastSeen: number;
  /** The last metrics it sent, at most 8. */
  readonly metrics: readonly string[];
}

/** One client library: the row of `by=client`, as it tells of itself. */
export interface ClientTraffic {
  readonly client: string;
  readonly version: string;
  readonly transport: string;
  readonly samples: number;
  readonly packets: number;
  readonly bytes: number;
  readonly packetsDropped: number;
  readonly bytesDropped: number;
  readonly lastSeen: number;
}

/** One listener: the row of `by=listener`, and `listeners` of the stream. */
export interface ListenerTraffic {
  /** `udp`, `unixgram`, `unix`, `tcp`, `named_pipe`, `http`, `handed`. */
  readonly listener: string;
  readonly addresses: readonly string[];
  /** Since the start. */
  readonly packets: number;
  readonly messages: number;
  readonly bytes: number;
  readonly samples: number;
  readonly rejected: number;
  readonly filtered: number;
  readonly dropped: number;
  /** Per second, over the last second that is complete. */
  readonly packetsPerSecond: number;
  readonly messagesPerSecond: number;
  readonly bytesPerSecond: number;
  readonly samplesPerSecond: number;
  /** Packets the kernel dropped; null where the system does not tell. */
  readonly kernelLost: number | null;
  /** Packets waiting in the backlog now. */
  readonly backlog: number;
  /** Messages per second of the last 5 minutes, in 60 cells of 5 s, the oldest first; null for a gap. */
  readonly spark: readonly (number | null)[];
}

/** One reason to reject lines: the row of `by=errors`. */
export interface ErrorTraffic {
  /** `metric:value`, as in the ledger. */
  readonly reason: string;
  /** The reason in words, and what to do at the sender. */
  readonly words: string;
  readonly remedy: string;
  /** Lines since the start: exact. */
  readonly count: number;
  readonly perSecond: number;
  readonly firstSeen: number;
  readonly lastSeen: number;
  /** The last lines that were sampled, the newest first; at most 64. Up to 3 a bucket and thread are sampled. */
  readonly lines: readonly RejectedSample[];
}

export interface RejectedSample {
  readonly line: string;
  /** Offset of the trouble in characters of `line`. */
  readonly at: number;
  readonly listener: string;
  readonly seenAt: number;
}

export type TopRow =
  | MetricTraffic
  | ContextTraffic
  | OriginTraffic
  | ClientTraffic
  | ListenerTraffic
  | ErrorTraffic;

/** What an answer covers and how exact it is. */
export interface TopBounds {
  /** Seconds of `since` that were asked for, and those the server can tell of. */
  readonly askedSeconds: number;
  readonly coveredSeconds: number;
  /** Rows that are counted exactly. */
  readonly exact: number;
  /** Of what is beyond the exact table: counters kept (k), total weight (N), and the most a count is too high. */
  readonly k: number;
  readonly n: number;
  readonly errorMax: number;
  /** Listener threads whose counts were merged. */
  readonly threads: number;
  /** Keys that are in no row; null when nothing was left out. */
  readonly leftOut: { readonly count: number; readonly why: string; readonly raise: string } | null;
}

/** The answer of `GET /api/top?by&since&limit&offset&sort&order&search&type&metric`. */
export interface TopAnswer<Row extends TopRow = TopRow> {
  readonly by: TopBy;
  readonly at: number;
  /** Rows that fit, on all pages. */
  readonly total: number;
  readonly offset: number;
  readonly rows: readonly Row[];
  readonly bounds: TopBounds;
}
