/**
 * What an analysis of recorded traffic found: plain data, which is printed as text, as JSON and as a page.
 */
import type { TimelineReport } from './timeline.ts';

/** How often something occurred, largest first. */
export type Counts = Readonly<Record<string, number>>;

export interface MetricReport {
  readonly name: string;
  readonly type: string;
  readonly lines: number;
  readonly values: number;
  readonly contexts: number;
}

export interface TagReport {
  readonly key: string;
  readonly lines: number;
  readonly values: number;
}

export interface SenderReport {
  /** `pid 77`, `10.0.0.1`, or the listener where nothing else is known. */
  readonly sender: string;
  /** The workload that the capture says it was. */
  readonly workload: string;
  readonly packets: number;
  readonly bytes: number;
  readonly lines: number;
}

export interface AnalysisReport {
  readonly packets: number;
  readonly bytes: number;
  readonly lines: number;
  readonly emptyPackets: number;
  /** Unix seconds; 0 when no record has a time. */
  readonly firstAt: number;
  readonly lastAt: number;
  readonly seconds: number;
  readonly packetBytes: {
    readonly min: number;
    readonly mean: number;
    readonly max: number;
    readonly p50: number;
    readonly p95: number;
  };
  /** Packets of up to so many bytes: powers of two. */
  readonly packetSizes: Counts;
  readonly listeners: Counts;
  /** Lines by what they are: count, gauge, …, event, service_check, rejected. */
  readonly kinds: Counts;
  /** Lines that use a feature, with the version of the protocol that brought it. */
  readonly features: Counts;
  readonly contexts: number;
  readonly metrics: readonly MetricReport[];
  readonly metricCount: number;
  readonly tags: readonly TagReport[];
  readonly tagKeyCount: number;
  readonly senders: readonly SenderReport[];
  readonly senderCount: number;
  readonly timeline: TimelineReport;
  /** Packets that look cut, by why. */
  readonly truncation: Counts;
  /** Lines that the configuration treats specially, by what it does. */
  readonly effects: Counts;
  readonly rejected: readonly { readonly reason: string; readonly lines: number; readonly example: string }[];
  /** What the limits on cardinality would do, a sentence each. */
  readonly overLimits: readonly string[];
  /** Things beyond the bounds of this analysis. */
  readonly leftOut: number;
}
