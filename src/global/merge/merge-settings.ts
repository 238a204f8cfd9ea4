/**
 * What decides the value of a bucket beside the log. All owners of a log must have the same settings, or two of them
 * would compute two values; each state carries a fingerprint, so that a difference is noticed.
 */

export const LATE_POLICIES = ['next', 'drop', 'resend'] as const;
/**
 * What happens to a chunk whose bucket has closed: it goes to the next open bucket, or is dropped, or, for counters and
 * distributions, comes out as a difference with the old timestamp.
 */
export type LatePolicy = (typeof LATE_POLICIES)[number];

export const SKEW_POLICIES = ['keep', 'shift'] as const;
/** Whether buckets of an edge whose clock is off by more than a bucket are moved by as much. */
export type SkewPolicy = (typeof SKEW_POLICIES)[number];

export interface MergeSettings {
  readonly late: LatePolicy;
  readonly skew: SkewPolicy;
  /** Contexts of one bucket in one partition. */
  readonly contextsMax: number;
  /** Set for a log that another one follows. */
  readonly forward?: Forward;
}

/** Buckets from a time on belong to the log that follows; what comes here for them is sent there. */
export interface Forward {
  /** Start of the first, Unix seconds. */
  readonly from: number;
  /** Partitions of the log that follows. */
  readonly partitions: number;
}

/** A bucket that starts so many widths after the log's own time is refused: a wrong clock would hold memory. */
export const FUTURE_BUCKETS = 6;
/** An edge is forgotten after so long without chunks. */
export const FORGET_EDGE_SECONDS = 3600;

export function fingerprintOf({ late, skew, contextsMax, forward }: MergeSettings): string {
  const more = forward === undefined ? '' : ` forward=${forward.from}/${forward.partitions}`;
  return `late=${late} skew=${skew} contexts=${contextsMax}${more}`;
}
