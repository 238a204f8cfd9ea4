/** What the HTTP API tells of contexts: plain data, text as people read it. */

import type { ContextType } from '../context.ts';
import type { TagKeyReport } from './cardinality-report.ts';

export const CONTEXT_SORTS = ['samples', 'bytes', 'tag_values', 'name', 'last_seen'] as const;
export type ContextSort = (typeof CONTEXT_SORTS)[number];

export interface ContextQuery {
  /** Part of the name or of a tag, in any case; empty for all. */
  readonly search: string;
  readonly type: ContextType | undefined;
  readonly sort: ContextSort;
  /** From 1. */
  readonly page: number;
  readonly perPage: number;
}

export interface ContextRow {
  readonly name: string;
  readonly type: ContextType;
  readonly host: string;
  readonly tags: readonly string[];
  /** Values since the context is known, whatever their rate. */
  readonly samples: number;
  /** Length of its text: name, host and tags. */
  readonly bytes: number;
  /** Unix seconds of its last sample. */
  readonly lastSeen: number;
}

export interface MetricRow {
  readonly name: string;
  readonly types: readonly ContextType[];
  readonly contexts: number;
  readonly samples: number;
  readonly bytes: number;
  /** Different values of the tag key that has most, within a few per cent; null when there are too many metrics. */
  readonly tagValues: number | null;
}

export interface Page<Row> {
  /** Rows that fit, on all pages. */
  readonly total: number;
  readonly page: number;
  readonly perPage: number;
  readonly rows: readonly Row[];
}

export interface MetricView extends MetricRow {
  /** The tag keys with most values first. */
  readonly tagKeys: readonly TagKeyReport[];
  /** The contexts with most samples, at most a hundred. */
  readonly largest: readonly ContextRow[];
}
