/**
 * The message of GET /api/stream, server-sent events with one `tick` a second, and what it consists of.
 *
 * Plain data that crosses HTTP as JSON, for the page (ui/), `whippet top` and `whippet tail`. Times are Unix seconds, with a fraction
 * where it matters; `null` means "not known", never 0. Text is decoded for people: it is untrusted and may hold control characters.
 */
import type { EventMark, HistoryHeld, SeriesAnswer } from './series-views.ts';
import type { ErrorTraffic, ListenerTraffic, MetricTraffic, TopAnswer } from './traffic-views.ts';

/** Everything received since the start, messages, summed over listeners: the equation. */
export interface Equation {
  readonly received: number;
  readonly accepted: number;
  readonly rejected: number;
  readonly filtered: number;
  readonly dropped: number;
  readonly held: number;
}

/** Per second, over the last complete second. */
export interface TickRates {
  readonly messages: number;
  readonly samples: number;
  readonly bytes: number;
  readonly packets: number;
  readonly newContexts: number;
  readonly rejected: number;
  readonly filtered: number;
  readonly dropped: number;
}

/**
 * `GET /api/stream?sort=rate&limit&offset&search&type&metric`: event `tick`, once a second. While anyone reads it the
 * server closes parts of open buckets once a second, so that what arrived is counted within a second.
 */
export interface StreamTick {
  readonly at: number;
  /** Changes when the server was restarted: counters begin anew. */
  readonly startedAt: number;
  readonly version: string;
  readonly hostname: string;
  readonly balanced: boolean;
  readonly equation: Equation;
  readonly rates: TickRates;
  readonly contexts: number;
  readonly contextsMax: number;
  readonly newContextsPerMinute: number;
  readonly metrics: number;
  /** Metrics that grow by 100 contexts a minute or more, or are over a limit; the one that grows most first; at most 8. */
  readonly growing: readonly {
    readonly name: string;
    readonly newPerMinute: number;
    readonly contexts: number;
    readonly tagKey: string | null;
    readonly tagValues: number | null;
  }[];
  readonly listeners: readonly ListenerTraffic[];
  readonly notListening: readonly {
    readonly listener: string;
    readonly code: string;
    readonly reason: string;
  }[];
  /** What was lost since the start, largest first (GET /api/ledger); `lastAt` is when it last grew. */
  readonly losses: readonly LossView[];
  /** Reasons to reject that were met in the last 10 minutes, most per second first; at most 4, one line each. */
  readonly errors: readonly Omit<ErrorTraffic, 'remedy' | 'words'>[];
  readonly outputs: readonly OutputTick[];
  readonly healthy: boolean;
  readonly lastEvent: EventMark | null;
  /** The page of metrics that `sort`, `limit`, `offset`, `search` and `type` ask for. */
  readonly top: Omit<TopAnswer<MetricTraffic>, 'by' | 'at'>;
  /** With `metric`: its cells of one second, those that were completed since the last tick. */
  readonly series: SeriesAnswer | null;
  readonly history: HistoryHeld;
  /** How many read this stream, and how many may. */
  readonly viewers: number;
  readonly viewersMax: number;
}

export interface LossView {
  readonly stage: string;
  readonly name: string;
  readonly unit: string;
  readonly reason: string;
  readonly count: number;
  readonly help: string;
  readonly remedy: string;
  /** When it was last seen to grow; null when that was before the statistics began. */
  readonly lastAt: number | null;
}

/** How one output is, in a line. */
export interface OutputTick {
  readonly name: string;
  readonly healthy: boolean;
  readonly detail: string | null;
  /** Payloads or records that wait. */
  readonly queue: number;
  readonly oldestAgeSeconds: number | null;
  readonly lastSuccessAt: number | null;
  readonly lastError: string | null;
}
