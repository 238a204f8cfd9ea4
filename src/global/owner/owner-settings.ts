/** What an owner is configured with, and what it is given to work with. */

import type { Log } from '../../lib/log.ts';
import type { Clock } from '../../lib/time/clock.ts';
import type { GlobalLog } from '../log/log.ts';
import type { MergeSettings } from '../merge/merge-settings.ts';
import type { Source } from '../partials/partial.ts';
import type { MergedSet } from './merged-tail.ts';

export const SKETCH_DELIVERIES = ['at_least_once', 'at_most_once'] as const;
export type SketchDelivery = (typeof SKETCH_DELIVERIES)[number];

export interface OwnerSettings {
  readonly merge: MergeSettings;
  /** How long after its end a bucket closes. */
  readonly graceSeconds: number;
  /** Close when every edge of late has sent its last chunk, without waiting for the grace. */
  readonly earlyClose: boolean;
  /** Results that are not acknowledged, in bytes, beyond which no more is read. */
  readonly openBytesMax: number;
  readonly sketchDelivery: SketchDelivery;
  /** Part of what stands for an edge in results: 1 for the first of two levels, else 0. */
  readonly level: number;
  /** Partitions of the level that reads the results; 1 for outputs. */
  readonly resultPartitions: number;
  /** With `merge.forward`: the begin of what stands for an edge in the log that follows; at most 11 characters. */
  readonly forwardAs?: string;
}

/** A set that was handed on. */
export interface Acknowledgement {
  /** Whether whoever takes the results has acknowledged them. */
  isDone(): boolean;
}

/** How a set is handed on. */
export interface Handing {
  /** False when sketches may have been sent before and may not be sent twice. */
  readonly withSketches: boolean;
  /**
   * Whether the owner may still hand it on; to be asked in the same step of the event loop in which the outputs are given
   * it. Whoever waited, or was frozen, may have been replaced meanwhile.
   */
  readonly isCurrent: () => boolean;
}

/** Who takes the results: the outputs, or the next level. */
export interface ResultSink {
  /**
   * Hands a set on; undefined when it was no longer current, and nothing was handed on. A rejection is tried again.
   */
  deliver(set: MergedSet, handing: Handing): Promise<Acknowledgement | undefined>;
}

export interface OwnerSurroundings {
  readonly log: GlobalLog;
  readonly sink: ResultSink;
  readonly clock: Clock;
  readonly logger: Log;
  /** Drawn at start: tells the records of two owners apart. */
  readonly writer: Source;
}
