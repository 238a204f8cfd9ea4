/** What became of the partials that an owner read: read = merged + late + repeated + refused, for each partition. */

/** Why a partial is in no bucket. */
export const REFUSAL_REASONS = [
  /** Its chunk starts too far ahead of the log's own time. */
  'future',
  /** Its chunk came after the bucket had closed, and `global.late` is `drop`. */
  'late',
  /** A late gauge: it says nothing about another bucket. */
  'late_gauge',
  /** No room for another context. */
  'contexts',
  /** Its chunk is damaged, or does not follow the layout. */
  'damaged',
] as const;
export type RefusalReason = (typeof REFUSAL_REASONS)[number];

export interface MergeCounts {
  /** Partials of chunks whose head could be read. */
  read: number;
  merged: number;
  /** Added to another bucket than their own, or sent as a difference. */
  late: number;
  repeated: number;
  readonly refused: Record<RefusalReason, number>;
  /** Taken again after a start or a takeover; not among those read. */
  replayed: number;
  /** Records, by what they are. */
  chunks: number;
  lateChunks: number;
  repeatedChunks: number;
  /** Records that could not be read: their partials are not known. */
  unreadable: number;
  /** Records of a later version. */
  unknownVersions: number;
  closes: number;
  /** Closes that came second, or too early by the log's own time. */
  ignoredCloses: number;
}

export function zeroCounts(): MergeCounts {
  return {
    read: 0,
    merged: 0,
    late: 0,
    repeated: 0,
    refused: { future: 0, late: 0, late_gauge: 0, contexts: 0, damaged: 0 },
    replayed: 0,
    chunks: 0,
    lateChunks: 0,
    repeatedChunks: 0,
    unreadable: 0,
    unknownVersions: 0,
    closes: 0,
    ignoredCloses: 0,
  };
}

export function addCounts(to: MergeCounts, more: MergeCounts): void {
  for (const key of Object.keys(to) as (keyof MergeCounts)[]) {
    if (key === 'refused') for (const reason of REFUSAL_REASONS) to.refused[reason] += more.refused[reason];
    else to[key] += more[key];
  }
}
