/** What the control thread and a listener thread say to each other about captures (listeners/capture/packet-tap.ts). */

/** What is to be done with packets. */
export type CaptureCommand =
  /** Packets go to the control thread, in at most `segmentsMax` segments at a time. */
  | {
      readonly do: 'start';
      readonly segmentBytes: number;
      readonly segmentsMax: number;
      /** What is copied at most, for whatever purpose. */
      readonly bytesPerSecond: number;
    }
  /** No more; answered with what is left. */
  | { readonly do: 'stop'; readonly request: number }
  /** Segments that are written and may be filled again. */
  | { readonly do: 'written'; readonly buffers: readonly ArrayBuffer[] }
  /** The last packets are kept in so many bytes; 0 ends that. */
  | { readonly do: 'ring'; readonly bytes: number; readonly bytesPerSecond: number }
  /** What is kept is to be handed over. */
  | { readonly do: 'dump'; readonly request: number };

/** Packets in the order they were received, in lib/packet-segment.ts. */
export interface CapturedSegment {
  readonly buffer: ArrayBuffer;
  /** Bytes of it that are used. */
  readonly length: number;
  readonly packets: number;
}

export interface CapturedMessage {
  readonly kind: 'captured';
  /** The capture under way, or the request that this answers. */
  readonly of: 'live' | number;
  readonly segments: readonly CapturedSegment[];
  readonly isLast: boolean;
  /** Packets that were not copied since the last message. */
  readonly droppedPackets: number;
  readonly droppedBytes: number;
}
