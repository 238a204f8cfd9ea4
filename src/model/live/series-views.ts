/**
 * Answers of GET /api/series and GET /api/history: values of one metric over time, and totals over time.
 *
 * Plain data that crosses HTTP as JSON, for the page (ui/), `whippet top` and `whippet tail`. Times are Unix seconds, with a fraction
 * where it matters; `null` means "not known", never 0. Text is decoded for people: it is untrusted and may hold control characters.
 */
import type { ContextType } from '../context.ts';

/** What a column of a series is; which there are depends on the type. */
export interface SeriesColumns {
  /** Counter: total of the cell; divide by `step` for a rate. */
  readonly sum?: readonly (number | null)[];
  /** Gauge: last value of the cell. Set: distinct elements. */
  readonly value?: readonly (number | null)[];
  /** Gauge: extremes within the cell, where it holds several values. */
  readonly min?: readonly (number | null)[];
  /** Gauge, histogram and distribution. */
  readonly max?: readonly (number | null)[];
  /** Histogram and distribution: values, weighted by their rates. */
  readonly count?: readonly (number | null)[];
  readonly p50?: readonly (number | null)[];
  readonly p95?: readonly (number | null)[];
  readonly p99?: readonly (number | null)[];
}

/** One line of a plot: a series, or all series with one value of a tag key (`by=path`). */
export interface SeriesRow {
  readonly tags: readonly string[];
  readonly host: string;
  readonly type: ContextType;
  /** Series that were added up in it. */
  readonly contexts: number;
  /** Samples per second over the range: the order of rows. */
  readonly rate: number;
  readonly columns: SeriesColumns;
  /** Percentiles of several series are estimated from those of each. */
  readonly estimated: boolean;
}

/** Heat map of a histogram or distribution: one column a cell of time. */
export interface HeatMap {
  /** Lower bounds of the rows, ascending; a row ends where the next begins. `values.length` rows + 1 bound. */
  readonly bounds: readonly number[];
  /** By cell of time: counts of the rows; null for a gap. */
  readonly cells: readonly (readonly number[] | null)[];
}

/** The answer of `GET /api/series?metric&range&step&by&type&limit`. */
export interface SeriesAnswer {
  readonly metric: string;
  /** The types it has series of; `type` is the one that is answered. */
  readonly types: readonly ContextType[];
  readonly type: ContextType;
  /** Start of the first cell, width of a cell in seconds, number of cells. */
  readonly from: number;
  readonly step: number;
  readonly cells: number;
  /** Cells of 1 s are kept only while somebody looks: where they begin; null when nobody does. */
  readonly fineSince: number | null;
  /** All series together. */
  readonly total: SeriesRow;
  /** Busiest first, at most `limit`; `rest` is everything else. */
  readonly rows: readonly SeriesRow[];
  readonly rest: SeriesRow | null;
  readonly heat: HeatMap | null;
  /** What the history holds of the metric, and of everything. */
  readonly held: HistoryHeld;
}

/** What of the history fits its memory (`history.memory_bytes`). */
export interface HistoryHeld {
  /** Series of this metric (or of all) that are held, of how many. */
  readonly series: number;
  readonly of: number;
  readonly memoryBytes: number;
  readonly memoryBytesMax: number;
  /** A sentence on what is left out; empty when nothing is. */
  readonly leftOut: string;
}

/** Totals of one place over time, per cell; null where the server did not run or its clock jumped. */
export interface TotalColumns {
  readonly messages: readonly (number | null)[];
  readonly samples: readonly (number | null)[];
  readonly bytes: readonly (number | null)[];
  readonly packets: readonly (number | null)[];
  readonly newContexts: readonly (number | null)[];
  readonly rejected: readonly (number | null)[];
  readonly filtered: readonly (number | null)[];
  readonly dropped: readonly (number | null)[];
  /** Packets the kernel dropped. */
  readonly kernelLost: readonly (number | null)[];
}

/** The answer of `GET /api/history?range=300` (cells of 1 s, to 300) or more (cells of 10 s, to 7200). */
export interface HistoryAnswer {
  readonly from: number;
  readonly step: 1 | 10;
  readonly cells: number;
  readonly total: TotalColumns;
  readonly byListener: Readonly<Record<string, Pick<TotalColumns, 'messages' | 'bytes' | 'packets'>>>;
  /** Contexts at the end of each cell. */
  readonly contexts: readonly (number | null)[];
  readonly events: readonly EventMark[];
  /** Seconds in which more came than in the four before together, newest first, with the metrics that grew. */
  readonly spikes: readonly Spike[];
}

/** An event that was received, for marks on plots; the last 64 are kept. */
export interface EventMark {
  readonly at: number;
  readonly title: string;
  readonly alertType: string;
  readonly tags: readonly string[];
}

export interface Spike {
  readonly at: number;
  readonly messages: number;
  /** Mean of the four seconds before. */
  readonly before: number;
  /** Metrics that grew most in the bucket of the spike; empty until that has closed. */
  readonly metrics: readonly { readonly name: string; readonly samples: number }[];
}
