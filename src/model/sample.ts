/**
 * A sample: one value of a metric message after enrichment, ready for aggregation (docs/protocol.md#from-message-to-sample).
 */
import type { ContextType, Scope } from './context.ts';
import type { ExternalData } from './message.ts';
import type { RuleName } from './metric-rule.ts';
import type { TagChoice } from './tag-choice.ts';
import type { Tags } from './tags.ts';
import type { ByteString } from './text.ts';

/** Where a message came from: the raw inputs of origin resolution, not its result (docs/behaviour/origin.md). */
export interface Origin {
  /** `container_id://<id>` when the socket told who sent the packet, else empty. */
  readonly socket: ByteString;
  /** Process id of the sender, 0 when unknown. */
  readonly pid: number;
  /** From the `c:` field; empty and 0n when not given. */
  readonly containerId: ByteString;
  readonly inode: bigint;
  /** From the tag `dd.internal.entity_id:`, a pod uid or `none`. */
  readonly podUid: ByteString;
  readonly external: ExternalData;
  /** From the `card:` field or the tag `dd.internal.card:`, as written. */
  readonly cardinality: ByteString;
}

/** Timestamped samples are passed through; all others are aggregated. */
export type Pipeline = 'aggregated' | 'no_aggregation';

/** What all samples of one line share. It depends on the line's text only, never on its values. */
export interface EnrichedLine {
  readonly name: ByteString;
  readonly type: ContextType;
  /** Client's, mapper's and configured tags in this order, duplicates included, without origin tags. */
  readonly tags: Tags;
  readonly host: ByteString;
  /** `millisecond` for timings, else empty. */
  readonly unit: string;
  /** `dogstatsd`, or the JMX check the metric comes from. */
  readonly source: string;
  /** Unix seconds; 0 when not given. */
  readonly timestamp: number;
  readonly sampleRate: number;
  readonly pipeline: Pipeline;
  readonly origin: Origin;
  /**
   * Set when each sample is followed by a copy that is a distribution of this name. The copy has the tags,
   * host, timestamp, rate and unit of the line and is always aggregated.
   */
  readonly copy: LineCopy | undefined;
  /** The metric rule for the line, when it picks tags. */
  readonly rule: LineRule | undefined;
  /** Where it is aggregated; undefined for local lines. */
  readonly scope: Scope | undefined;
}

export interface LineCopy {
  readonly name: ByteString;
  readonly rule: LineRule | undefined;
  readonly scope: Scope | undefined;
}

/** What is left to do of a rule when the tags of the origin are known. */
export interface LineRule extends RuleName {
  readonly tagChoice: TagChoice;
}

export interface Sample extends Omit<EnrichedLine, 'copy' | 'rule' | 'scope' | 'tags'> {
  readonly tags: readonly ByteString[];
  /** 0 for a set. */
  readonly value: number;
  /** The element of a set, else empty. */
  readonly rawValue: ByteString;
}
