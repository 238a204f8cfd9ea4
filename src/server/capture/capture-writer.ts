/** What the control thread and the thread that writes a capture say to each other. */
import type { Workloads } from '../../enrich/tags/static-tagger.ts';
import type { CaptureNote } from '../../inspect/capture/tagger-state.ts';
import type { CapturedSegment } from '../../model/views/captured.ts';

export interface WriterSettings {
  readonly compress: boolean;
  /** As `--filter`. */
  readonly filter: readonly string[];
  /** Packets received before this Unix time are left out. */
  readonly since: number;
  /** Segments that a thread has. */
  readonly segmentsMax: number;
  /** Whether all packets are there already. */
  readonly isLast: boolean;
  readonly workloads: Workloads;
}

export type WriterCommand =
  | {
      readonly kind: 'segments';
      readonly thread: number;
      /** Names of the thread's listeners, by number. */
      readonly names: readonly string[];
      readonly segments: readonly CapturedSegment[];
    }
  /** Time passes. */
  | { readonly kind: 'tick'; readonly now: number }
  /** There is no more. */
  | { readonly kind: 'end'; readonly state: { readonly durationMs: number; readonly note: CaptureNote } };

export type WriterMessage =
  | { readonly kind: 'chunk'; readonly bytes: Uint8Array }
  | { readonly kind: 'written'; readonly thread: number; readonly buffer: ArrayBuffer }
  | { readonly kind: 'progress'; readonly packets: number; readonly bytes: number }
  | {
      readonly kind: 'done';
      readonly packets: number;
      readonly bytes: number;
      /** When the first packet was received, Unix seconds; 0 for none. */
      readonly firstSeconds: number;
    };
