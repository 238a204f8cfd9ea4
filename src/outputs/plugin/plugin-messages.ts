/** What the control thread and the thread of a plugin say to each other. */
import type { FlushedEvent, FlushedSeries, FlushedServiceCheck } from '../flushed.ts';

export interface PluginSettings {
  /** Absolute path of the module. */
  readonly path: string;
  /** What the module is given when it is started. */
  readonly options: Readonly<Record<string, string>>;
}

export type PluginCommand =
  /** A part of the flush under way. */
  | { readonly kind: 'series'; readonly series: readonly FlushedSeries[] }
  /** The flush is whole. */
  | {
      readonly kind: 'end';
      readonly number: number;
      readonly events: readonly FlushedEvent[];
      readonly serviceChecks: readonly FlushedServiceCheck[];
      readonly at: number;
      readonly final: boolean;
    }
  | { readonly kind: 'close'; readonly deadlineMs: number };

export type PluginMessage =
  | { readonly kind: 'ready' }
  /** The module could not be loaded. */
  | { readonly kind: 'unusable'; readonly error: string }
  | { readonly kind: 'written'; readonly number: number }
  | { readonly kind: 'failed'; readonly number: number; readonly error: string }
  | { readonly kind: 'closed' };
