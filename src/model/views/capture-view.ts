/** A capture of a running server, as people and programs see it (GET /api/capture). */
export interface CaptureView {
  /** Unix seconds. */
  readonly started_at: number;
  /** How long it has run. */
  readonly seconds: number;
  /** How long it is to run, or how far it looks back. */
  readonly asked_seconds: number;
  readonly look_back: boolean;
  /** Of a look back: how far the memory really reached. */
  readonly held_seconds?: number;
  /** What had the server save it by itself. */
  readonly reason?: string;
  readonly packets: number;
  readonly bytes: number;
  /** Packets that did not fit; they were received all the same. */
  readonly dropped_packets: number;
  readonly dropped_bytes: number;
  /** Why it ended before its time. */
  readonly problem?: string;
}
